#pragma once
// Values across the bridge, led by the operator's schema: what an argument's type is, is worked out once; each call follows the plan.

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <napi.h>

#include <optional>
#include <string>
#include <vector>

namespace tunesmith {

enum class Kind { tensor, integer, real, boolean, text, scalar, dtype, layout, memoryFormat, device, generator, list, tuple, unsupported };

struct TypePlan {
  Kind kind = Kind::unsupported;
  bool optional = false;
  int64_t spread = 0;                // int[N]: one number stands for N equal ones
  std::vector<TypePlan> elements;    // of a list (one) or a tuple
  c10::TypePtr elementType;          // of a list, for lists that libtorch keeps generically
  std::string text;                  // the type as the schema writes it
};

struct ArgumentPlan {
  std::string name;
  TypePlan type;
  std::optional<c10::IValue> fallback;  // the schema's default
};

TypePlan planFor(const c10::Argument& argument);

c10::IValue toIValue(napi_env env, napi_value value, const TypePlan& plan, const char* argument);
napi_value fromIValue(napi_env env, const c10::IValue& value, const TypePlan& plan);

std::vector<int64_t> integers(napi_env env, napi_value value, const char* argument);
std::string text(napi_env env, napi_value value, const char* argument);
at::ScalarType dtypeFrom(napi_env env, napi_value value, const char* argument);
at::Device deviceFrom(napi_env env, napi_value value, const char* argument);

}  // namespace tunesmith
