#pragma once
// How a failure crosses into JavaScript. Everything that is thrown below a door becomes one JavaScript error with a code, a message
// (what was expected, what came, what to try) and facts; nothing escapes as a C++ exception.

#include <napi.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace tunesmith {

/// One tensor argument as it is told in an error: `mat2: float32 [2, 3]`.
struct TensorFact {
  std::string argument;
  std::string shape;
  std::string dtype;
  std::string device;
};

/// A failure that this library explains by itself.
class BridgeError : public std::exception {
 public:
  BridgeError(std::string code, std::string message) : code(std::move(code)), message(std::move(message)) {}
  BridgeError(std::string code, std::string argument, std::string message)
      : code(std::move(code)), argument(std::move(argument)), message(std::move(message)) {}
  const char* what() const noexcept override { return message.c_str(); }

  std::string code;
  std::string argument;  // empty: not about one argument
  std::string message;
};

/// Remembers the function (fields => Error) that makes the error objects of this environment.
Napi::Value SetErrorFactory(const Napi::CallbackInfo& info);

/// Throws the exception that is being handled as a JavaScript error. Call it inside `catch (...)` only.
void throwCurrent(napi_env env, const std::string& operation, const std::vector<TensorFact>& tensors = {});

/// Names what came, for messages: "the string 'abc'", "an array of 2", "undefined".
std::string describe(napi_env env, napi_value value);

void expectOk(napi_env env, napi_status status, const char* what);

/// Runs one exported function; its exceptions become JavaScript errors that carry the name.
template <typename Body>
Napi::Value guarded(const Napi::CallbackInfo& info, const char* name, Body body) {
  try {
    return body();
  } catch (...) {
    throwCurrent(info.Env(), name);
    return info.Env().Undefined();
  }
}

}  // namespace tunesmith
