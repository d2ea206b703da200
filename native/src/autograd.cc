// Gradients: who wants one, running backward, and reading what came of it.

#include "autograd.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "bridge/errors.h"
#include "bridge/handles.h"

namespace tunesmith {
namespace {

bool flag(const Napi::Value& value, const char* argument) {
  if (!value.IsBoolean()) throw BridgeError("argument-type", argument, "expected true or false, got " + describe(value.Env(), value));
  return value.As<Napi::Boolean>().Value();
}

Napi::Value RequiresGrad(const Napi::CallbackInfo& info) {
  return guarded(info, "requiresGrad", [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), unwrapTensor(info.Env(), info[0], "tensor").requires_grad());
  });
}

Napi::Value SetRequiresGrad(const Napi::CallbackInfo& info) {
  return guarded(info, "setRequiresGrad", [&]() -> Napi::Value {
    unwrapTensor(info.Env(), info[0], "tensor").requires_grad_(flag(info[1], "on"));
    return info.Env().Undefined();
  });
}

// grad(tensor): the gradient gathered so far, or null
Napi::Value Grad(const Napi::CallbackInfo& info) {
  return guarded(info, "grad", [&]() -> Napi::Value {
    const auto env = info.Env();
    const auto& gradient = unwrapTensor(env, info[0], "tensor").grad();
    return gradient.defined() ? Napi::Value(env, wrapTensor(env, gradient)) : env.Null();
  });
}

// setGrad(tensor, gradient | null)
Napi::Value SetGrad(const Napi::CallbackInfo& info) {
  return guarded(info, "setGrad", [&]() -> Napi::Value {
    const auto env = info.Env();
    const auto& tensor = unwrapTensor(env, info[0], "tensor");
    if (info[1].IsNull()) {
      tensor.mutable_grad().reset();
    } else {
      const auto& gradient = unwrapTensor(env, info[1], "gradient");
      if (gradient.sizes() != tensor.sizes())
        throw BridgeError("shape-mismatch", "gradient", "expected the shape of the tensor, " + shapeText(tensor) + ", got " + shapeText(gradient));
      tensor.mutable_grad() = gradient;
    }
    reportMemory(env);
    return env.Undefined();
  });
}

// backward(tensor, gradient | null, retainGraph)
Napi::Value Backward(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  try {
    const auto& tensor = unwrapTensor(env, info[0], "tensor");
    std::vector<at::Tensor> gradients;
    if (!info[1].IsNull() && !info[1].IsUndefined()) gradients.push_back(unwrapTensor(env, info[1], "gradient"));
    torch::autograd::backward({tensor}, gradients, flag(info[2], "retainGraph"));
    reportMemory(env);
  } catch (...) {
    std::vector<TensorFact> facts;
    if (const auto* tensor = peekTensor(env, info[0]))
      facts.push_back({"tensor", shapeText(*tensor), dtypeName(tensor->scalar_type()), tensor->device().str()});
    throwCurrent(env, "backward", facts);
  }
  return env.Undefined();
}

// setGradEnabled(on): what it was before
Napi::Value SetGradEnabled(const Napi::CallbackInfo& info) {
  return guarded(info, "setGradEnabled", [&]() -> Napi::Value {
    const bool before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(flag(info[0], "on"));
    return Napi::Boolean::New(info.Env(), before);
  });
}

}  // namespace

void initAutograd(Napi::Env env, Napi::Object exports) {
  exports["requiresGrad"] = Napi::Function::New(env, RequiresGrad, "requiresGrad");
  exports["setRequiresGrad"] = Napi::Function::New(env, SetRequiresGrad, "setRequiresGrad");
  exports["grad"] = Napi::Function::New(env, Grad, "grad");
  exports["setGrad"] = Napi::Function::New(env, SetGrad, "setGrad");
  exports["backward"] = Napi::Function::New(env, Backward, "backward");
  exports["setGradEnabled"] = Napi::Function::New(env, SetGradEnabled, "setGradEnabled");
}

}  // namespace tunesmith
