#include "bridge/convert.h"

#include <ATen/ATen.h>
#include <ATen/core/List.h>

#include <cmath>

#include "bridge/errors.h"
#include "bridge/handles.h"
#include "devices.h"

namespace tunesmith {
namespace {

constexpr double largestExact = 9007199254740991.0;  // 2^53 - 1

struct Named {
  const char* name;
  int64_t value;
};

constexpr Named memoryFormats[] = {
    {"contiguous", static_cast<int64_t>(at::MemoryFormat::Contiguous)},
    {"preserve", static_cast<int64_t>(at::MemoryFormat::Preserve)},
    {"channels_last", static_cast<int64_t>(at::MemoryFormat::ChannelsLast)},
    {"channels_last_3d", static_cast<int64_t>(at::MemoryFormat::ChannelsLast3d)},
};
constexpr Named layouts[] = {
    {"strided", static_cast<int64_t>(at::kStrided)},
    {"sparse_coo", static_cast<int64_t>(at::kSparse)},
    {"mkldnn", static_cast<int64_t>(at::kMkldnn)},
};

template <size_t N>
int64_t fromName(const Named (&names)[N], const std::string& name, const char* argument) {
  std::string known;
  for (const auto& entry : names) {
    if (name == entry.name) return entry.value;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw BridgeError("argument-type", argument, "there is no '" + name + "'; the names are " + known);
}

[[noreturn]] void refuse(napi_env env, napi_value value, const char* argument, const std::string& expected) {
  throw BridgeError("argument-type", argument, "expected " + expected + ", got " + describe(env, value));
}

napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type;
  expectOk(env, napi_typeof(env, value, &type), "reading a value");
  return type;
}

int64_t integer(napi_env env, napi_value value, const char* argument) {
  double number;
  if (napi_get_value_double(env, value, &number) == napi_ok) {
    if (number == std::trunc(number) && std::abs(number) <= largestExact) return static_cast<int64_t>(number);
    refuse(env, value, argument, "an integer of at most 2^53 - 1");
  }
  if (typeOf(env, value) == napi_bigint) {
    int64_t exact;
    bool lossless;
    napi_get_value_bigint_int64(env, value, &exact, &lossless);
    if (!lossless) refuse(env, value, argument, "an integer of 64 bits");
    return exact;
  }
  refuse(env, value, argument, "an integer");
}

double real(napi_env env, napi_value value, const char* argument) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) refuse(env, value, argument, "a number");
  return number;
}

bool boolean(napi_env env, napi_value value, const char* argument) {
  bool flag;
  if (napi_get_value_bool(env, value, &flag) != napi_ok) refuse(env, value, argument, "true or false");
  return flag;
}

/// Numbers without a fraction are integers, as they are written; true and false stay booleans.
c10::Scalar scalar(napi_env env, napi_value value, const char* argument) {
  switch (typeOf(env, value)) {
    case napi_boolean:
      return boolean(env, value, argument);
    case napi_bigint:
      return integer(env, value, argument);
    case napi_number: {
      const double number = real(env, value, argument);
      if (number == std::trunc(number) && std::abs(number) <= largestExact && !(number == 0 && std::signbit(number)))
        return static_cast<int64_t>(number);
      return number;
    }
    default:
      refuse(env, value, argument, "a number, a bigint, true or false");
  }
}

uint32_t lengthOf(napi_env env, napi_value value, const char* argument, const std::string& expected) {
  bool isArray = false;
  napi_is_array(env, value, &isArray);
  if (!isArray) refuse(env, value, argument, expected);
  uint32_t length;
  expectOk(env, napi_get_array_length(env, value, &length), "reading an array");
  return length;
}

napi_value elementOf(napi_env env, napi_value array, uint32_t index) {
  napi_value element;
  if (napi_get_element(env, array, index, &element) != napi_ok) throw Napi::Error::New(env);
  return element;
}

c10::IValue listFrom(napi_env env, napi_value value, const TypePlan& plan, const char* argument) {
  const auto& element = plan.elements[0];
  if (element.kind == Kind::integer && plan.spread > 0 && typeOf(env, value) == napi_number)
    return c10::List<int64_t>(std::vector<int64_t>(plan.spread, integer(env, value, argument)));
  const uint32_t length = lengthOf(env, value, argument, plan.text);
  const auto fill = [&](auto list, auto read) -> c10::IValue {
    list.reserve(length);
    for (uint32_t i = 0; i < length; i++) list.push_back(read(elementOf(env, value, i)));
    return list;
  };
  if (element.kind == Kind::tensor && !element.optional)
    return fill(c10::List<at::Tensor>(), [&](napi_value item) { return unwrapTensor(env, item, argument); });
  if (element.kind == Kind::tensor)
    return fill(c10::List<std::optional<at::Tensor>>(), [&](napi_value item) -> std::optional<at::Tensor> {
      const auto type = typeOf(env, item);
      if (type == napi_null || type == napi_undefined) return std::nullopt;
      return unwrapTensor(env, item, argument);
    });
  if (!element.optional && element.kind == Kind::integer) return fill(c10::List<int64_t>(), [&](napi_value item) { return integer(env, item, argument); });
  if (!element.optional && element.kind == Kind::real) return fill(c10::List<double>(), [&](napi_value item) { return real(env, item, argument); });
  if (!element.optional && element.kind == Kind::boolean) return fill(c10::List<bool>(), [&](napi_value item) { return boolean(env, item, argument); });
  c10::impl::GenericList list(plan.elementType);
  list.reserve(length);
  for (uint32_t i = 0; i < length; i++) list.push_back(toIValue(env, elementOf(env, value, i), element, argument));
  return list;
}

TypePlan planType(const c10::TypePtr& real, const c10::TypePtr& plain, std::optional<int32_t> spread) {
  TypePlan plan;
  plan.text = real->str();
  // `real` says ScalarType, Layout, MemoryFormat and SymInt where `plain` says int; libtorch passes the plain one.
  switch (real->kind()) {
    case c10::TypeKind::OptionalType: {
      const auto& inner = real->castRaw<c10::OptionalType>()->getElementType();
      const auto& innerPlain = plain->kind() == c10::TypeKind::OptionalType ? plain->castRaw<c10::OptionalType>()->getElementType() : plain;
      plan = planType(inner, innerPlain, spread);
      plan.optional = true;
      return plan;
    }
    case c10::TypeKind::ListType: {
      const auto& inner = real->castRaw<c10::ListType>()->getElementType();
      const auto& innerPlain = plain->kind() == c10::TypeKind::ListType ? plain->castRaw<c10::ListType>()->getElementType() : inner;
      plan.kind = Kind::list;
      plan.spread = spread.value_or(0);
      plan.elements.push_back(planType(inner, innerPlain, std::nullopt));
      plan.elementType = innerPlain;
      if (plan.elements[0].kind == Kind::unsupported) plan.kind = Kind::unsupported;
      return plan;
    }
    case c10::TypeKind::TupleType:
      plan.kind = Kind::tuple;
      for (const auto& element : real->containedTypes()) plan.elements.push_back(planType(element, element, std::nullopt));
      return plan;
    case c10::TypeKind::TensorType:
      plan.kind = Kind::tensor;
      return plan;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      plan.kind = Kind::integer;
      return plan;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      plan.kind = Kind::real;
      return plan;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      plan.kind = Kind::boolean;
      return plan;
    case c10::TypeKind::StringType:
      plan.kind = Kind::text;
      return plan;
    case c10::TypeKind::NumberType:
      plan.kind = Kind::scalar;
      return plan;
    case c10::TypeKind::ScalarTypeType:
      plan.kind = Kind::dtype;
      return plan;
    case c10::TypeKind::LayoutType:
      plan.kind = Kind::layout;
      return plan;
    case c10::TypeKind::MemoryFormatType:
      plan.kind = Kind::memoryFormat;
      return plan;
    case c10::TypeKind::DeviceObjType:
      plan.kind = Kind::device;
      return plan;
    case c10::TypeKind::GeneratorType:
      plan.kind = Kind::generator;
      return plan;
    default:
      return plan;
  }
}

}  // namespace

TypePlan planFor(const c10::Argument& argument) { return planType(argument.real_type(), argument.type(), argument.N()); }

c10::IValue toIValue(napi_env env, napi_value value, const TypePlan& plan, const char* argument) {
  if (plan.kind == Kind::tensor && !plan.optional) return unwrapTensor(env, value, argument);
  const auto type = typeOf(env, value);
  if (type == napi_null || type == napi_undefined) {
    if (plan.optional) return {};
    refuse(env, value, argument, plan.text);
  }
  switch (plan.kind) {
    case Kind::tensor:
      return unwrapTensor(env, value, argument);
    case Kind::integer:
      return integer(env, value, argument);
    case Kind::real:
      return real(env, value, argument);
    case Kind::boolean:
      return boolean(env, value, argument);
    case Kind::text:
      return text(env, value, argument);
    case Kind::scalar:
      return scalar(env, value, argument);
    case Kind::dtype:
      return static_cast<int64_t>(dtypeFrom(env, value, argument));
    case Kind::layout:
      return fromName(layouts, text(env, value, argument), argument);
    case Kind::memoryFormat:
      return fromName(memoryFormats, text(env, value, argument), argument);
    case Kind::device:
      return deviceFrom(env, value, argument);
    case Kind::generator:
      return unwrapGenerator(env, value, argument);
    case Kind::list:
      return listFrom(env, value, plan, argument);
    default:
      throw BridgeError("argument-unsupported", argument, "values of type " + plan.text + " cannot be passed from JavaScript");
  }
}

napi_value fromIValue(napi_env env, const c10::IValue& value, const TypePlan& plan) {
  napi_value result = nullptr;
  if (value.isTensor()) {
    if (value.toTensor().defined()) return wrapTensor(env, value.toTensor());
    napi_get_null(env, &result);
  } else if (value.isNone()) {
    napi_get_null(env, &result);
  } else if (value.isInt() && plan.kind == Kind::dtype) {
    const auto name = dtypeName(static_cast<at::ScalarType>(value.toInt()));
    napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &result);
  } else if (value.isInt() || value.isSymInt()) {
    const int64_t number = value.isInt() ? value.toInt() : value.toSymInt().guard_int(__FILE__, __LINE__);
    if (std::abs(static_cast<double>(number)) > largestExact)
      throw BridgeError("integer-unsafe", "the result " + std::to_string(number) + " does not fit a JavaScript number exactly");
    napi_create_double(env, static_cast<double>(number), &result);
  } else if (value.isDouble()) {
    napi_create_double(env, value.toDouble(), &result);
  } else if (value.isBool()) {
    napi_get_boolean(env, value.toBool(), &result);
  } else if (value.isString()) {
    const auto& string = value.toStringRef();
    napi_create_string_utf8(env, string.data(), string.size(), &result);
  } else if (value.isDevice()) {
    const auto string = value.toDevice().str();
    napi_create_string_utf8(env, string.data(), string.size(), &result);
  } else if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    napi_create_array_with_length(env, elements.size(), &result);
    for (uint32_t i = 0; i < elements.size(); i++)
      napi_set_element(env, result, i, fromIValue(env, elements[i], i < plan.elements.size() ? plan.elements[i] : TypePlan{}));
  } else if (value.isList()) {
    const auto list = value.toListRef();
    napi_create_array_with_length(env, list.size(), &result);
    for (uint32_t i = 0; i < list.size(); i++)
      napi_set_element(env, result, i, fromIValue(env, list[i], plan.elements.empty() ? TypePlan{} : plan.elements[0]));
  } else {
    throw BridgeError("result-unsupported", "a result of type " + value.tagKind() + " cannot be told to JavaScript");
  }
  if (result == nullptr) throw BridgeError("bridge-failed", "a result could not be made (is the JavaScript heap full?)");
  return result;
}

std::vector<int64_t> integers(napi_env env, napi_value value, const char* argument) {
  const uint32_t length = lengthOf(env, value, argument, "an array of integers");
  std::vector<int64_t> numbers(length);
  for (uint32_t i = 0; i < length; i++) numbers[i] = integer(env, elementOf(env, value, i), argument);
  return numbers;
}

std::string text(napi_env env, napi_value value, const char* argument) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) refuse(env, value, argument, "a string");
  std::string string(length, '\0');
  napi_get_value_string_utf8(env, value, string.data(), length + 1, &length);
  return string;
}

at::ScalarType dtypeFrom(napi_env env, napi_value value, const char* argument) {
  if (typeOf(env, value) != napi_string) refuse(env, value, argument, "the name of a dtype");
  return dtypeFromName(text(env, value, argument), argument);
}

at::Device deviceFrom(napi_env env, napi_value value, const char* argument) {
  const auto name = text(env, value, argument);
  std::optional<at::Device> device;
  try {
    device = at::Device(name);
  } catch (const c10::Error&) {
    throw BridgeError("device-unknown", argument, "there is no device '" + name + "'; use cpu, cuda or cuda:INDEX");
  }
  return usable(*device, argument);
}

}  // namespace tunesmith
