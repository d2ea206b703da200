#pragma once
// Tensors and generators as JavaScript holds them: externals with a type tag. A foreign external, or a disposed handle, is a named error.

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <napi.h>

#include <cstdint>
#include <string>

namespace tunesmith {

napi_value wrapTensor(napi_env env, at::Tensor tensor);

/// The tensor behind a handle; `argument` names it in errors. Throws tensor-expected or tensor-disposed.
const at::Tensor& unwrapTensor(napi_env env, napi_value value, const char* argument);

/// The tensor, or nullptr when the value is no live handle: for telling facts about arguments of a call that failed.
const at::Tensor* peekTensor(napi_env env, napi_value value);

/// Lets go of the tensor. Twice is allowed; true the first time.
bool disposeTensor(napi_env env, napi_value value);

napi_value wrapGenerator(napi_env env, at::Generator generator);
const at::Generator& unwrapGenerator(napi_env env, napi_value value, const char* argument);

/// Handles that are not disposed and not yet collected, in the whole process.
int64_t liveTensorHandles();

/// Tells V8 how much native memory is alive when that has moved far since the last time. Cheap enough to follow every call.
void reportMemory(napi_env env);

std::string shapeText(const at::Tensor& tensor);
const char* dtypeName(at::ScalarType type);
/// Throws a BridgeError that lists the known names.
at::ScalarType dtypeFromName(const std::string& name, const char* argument);

}  // namespace tunesmith
