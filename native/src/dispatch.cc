// The one generic door to every operator that libtorch, or a kernel of ours, has registered.

#include "dispatch.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <map>
#include <memory>
#include <mutex>
#include <sstream>

#include "bridge/convert.h"
#include "bridge/errors.h"
#include "bridge/handles.h"

namespace tunesmith {
namespace {

constexpr size_t mostArguments = 32;

struct Operator {
  c10::OperatorHandle handle;
  std::string name;  // aten::add.Tensor
  std::vector<ArgumentPlan> arguments;
  std::vector<TypePlan> results;
  size_t written = 0;  // results that are arguments written in place: the caller has them, so they are not handed out again
};

std::vector<TensorFact> tensorFacts(napi_env env, const Operator& op, const napi_value* values, size_t count) {
  std::vector<TensorFact> facts;
  const auto add = [&](const std::string& name, napi_value value) {
    if (const auto* tensor = peekTensor(env, value))
      facts.push_back({name, shapeText(*tensor), dtypeName(tensor->scalar_type()), tensor->device().str()});
  };
  for (size_t i = 0; i < count && i < op.arguments.size(); i++) {
    bool isArray = false;
    napi_is_array(env, values[i], &isArray);
    if (!isArray) {
      add(op.arguments[i].name, values[i]);
      continue;
    }
    uint32_t length = 0;
    napi_get_array_length(env, values[i], &length);
    for (uint32_t k = 0; k < length && k < 8; k++) {
      napi_value element;
      if (napi_get_element(env, values[i], k, &element) == napi_ok) add(op.arguments[i].name + "[" + std::to_string(k) + "]", element);
    }
  }
  return facts;
}

napi_value call(napi_env env, napi_callback_info info) {
  size_t count = mostArguments;
  napi_value values[mostArguments];
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, values, nullptr, &data);
  auto& op = *static_cast<Operator*>(data);
  try {
    if (count > op.arguments.size())
      throw BridgeError("too-many-arguments", "takes " + std::to_string(op.arguments.size()) + " arguments, got " + std::to_string(count));
    torch::jit::Stack stack;
    stack.reserve(std::max(op.arguments.size(), op.results.size()));
    for (size_t i = 0; i < op.arguments.size(); i++) {
      const auto& argument = op.arguments[i];
      napi_valuetype type = napi_undefined;
      if (i < count) napi_typeof(env, values[i], &type);
      if (type != napi_undefined)
        stack.push_back(toIValue(env, values[i], argument.type, argument.name.c_str()));
      else if (argument.fallback)
        stack.push_back(*argument.fallback);
      else
        throw BridgeError("argument-missing", argument.name, "it is required: " + argument.type.text);
    }
    op.handle.callBoxed(stack);
    reportMemory(env);
    const size_t handed = stack.size() - op.written;
    if (handed == 0) return nullptr;
    if (handed == 1) return fromIValue(env, stack[op.written], op.results[op.written]);
    napi_value array;
    expectOk(env, napi_create_array_with_length(env, handed, &array), "making an array");
    for (size_t i = 0; i < handed; i++)
      napi_set_element(env, array, static_cast<uint32_t>(i), fromIValue(env, stack[op.written + i], op.results[op.written + i]));
    return array;
  } catch (...) {
    throwCurrent(env, op.name, tensorFacts(env, op, values, std::min(count, mostArguments)));
    return nullptr;
  }
}

/// Resolved operators live as long as the process: functions of several environments point at them.
Operator& resolve(const std::string& name, const std::string& overload) {
  static std::mutex mutex;
  static auto* known = new std::map<std::pair<std::string, std::string>, std::unique_ptr<Operator>>;
  std::lock_guard lock(mutex);
  auto& slot = (*known)[{name, overload}];
  if (slot) return *slot;

  const auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!handle) {
    std::string overloads;
    for (const auto& candidate : c10::Dispatcher::singleton().getAllOpNames())
      if (candidate.name == name) overloads += (overloads.empty() ? "" : ", ") + ("'" + candidate.overload_name + "'");
    throw BridgeError("operator-unknown", "no operator " + name + (overload.empty() ? "" : "." + overload) + " is registered" +
                                              (overloads.empty() ? "" : "; its overloads are " + overloads));
  }
  const auto& schema = handle->schema();
  auto op = std::make_unique<Operator>(Operator{*handle, name + (overload.empty() ? "" : "." + overload), {}, {}, 0});
  for (const auto& argument : schema.arguments()) op->arguments.push_back({argument.name(), planFor(argument), argument.default_value()});
  if (op->arguments.size() > mostArguments)
    throw BridgeError("operator-unsupported", op->name + " takes more than " + std::to_string(mostArguments) + " arguments");
  for (const auto& result : schema.returns()) {
    op->results.push_back(planFor(result));
    if (result.alias_info() != nullptr && result.alias_info()->isWrite()) op->written++;
  }
  slot = std::move(op);
  return *slot;
}

Napi::Value Op(const Napi::CallbackInfo& info) {
  return guarded(info, "op", [&]() -> Napi::Value {
    const auto env = info.Env();
    auto& op = resolve(text(env, info[0], "name"), text(env, info[1], "overload"));
    napi_value function;
    expectOk(env, napi_create_function(env, op.name.c_str(), op.name.size(), call, &op, &function), "making a function");
    return {env, function};
  });
}

Napi::Value Operators(const Napi::CallbackInfo& info) {
  return guarded(info, "operators", [&]() -> Napi::Value {
    const auto names = c10::Dispatcher::singleton().getAllOpNames();
    auto list = Napi::Array::New(info.Env(), names.size());
    for (size_t i = 0; i < names.size(); i++)
      list[static_cast<uint32_t>(i)] = names[i].name + (names[i].overload_name.empty() ? "" : "." + names[i].overload_name);
    return list;
  });
}

std::string defaultText(const c10::IValue& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

Napi::Value Schema(const Napi::CallbackInfo& info) {
  return guarded(info, "schema", [&]() -> Napi::Value {
    const auto env = info.Env();
    const auto& op = resolve(text(env, info[0], "name"), text(env, info[1], "overload"));
    const auto& schema = op.handle.schema();
    const auto tell = [&](const c10::Argument& argument) {
      auto entry = Napi::Object::New(env);
      entry["name"] = argument.name();
      entry["type"] = argument.real_type()->str();
      entry["size"] = argument.N() ? Napi::Value(Napi::Number::New(env, *argument.N())) : env.Null();
      entry["keywordOnly"] = argument.kwarg_only();
      entry["fallback"] = argument.default_value() ? Napi::Value(Napi::String::New(env, defaultText(*argument.default_value()))) : env.Null();
      entry["written"] = argument.alias_info() != nullptr && argument.alias_info()->isWrite();
      return entry;
    };
    const auto tellAll = [&](const std::vector<c10::Argument>& arguments) {
      auto list = Napi::Array::New(env, arguments.size());
      for (size_t i = 0; i < arguments.size(); i++) list[static_cast<uint32_t>(i)] = tell(arguments[i]);
      return list;
    };
    std::ostringstream whole;
    whole << schema;
    auto result = Napi::Object::New(env);
    result["text"] = whole.str();
    result["arguments"] = tellAll(schema.arguments());
    result["results"] = tellAll(schema.returns());
    return result;
  });
}

}  // namespace

void initDispatch(Napi::Env env, Napi::Object exports) {
  exports["op"] = Napi::Function::New(env, Op, "op");
  exports["operators"] = Napi::Function::New(env, Operators, "operators");
  exports["schema"] = Napi::Function::New(env, Schema, "schema");
}

}  // namespace tunesmith
