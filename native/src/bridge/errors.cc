#include "bridge/errors.h"

#include <c10/util/Exception.h>

#include <new>
#include <regex>

#include "bridge/environment.h"

namespace tunesmith {
namespace {

struct Explanation {
  const char* pattern;
  const char* code;
  const char* hint;
};

// First match wins. The texts on the left are libtorch's own; they are matched loosely because they change between releases.
const Explanation explanations[] = {
    {"can't allocate memory|out of memory|not enough memory", "out-of-memory",
     "use a smaller batch or chunk, dispose tensors earlier (scope), or give the process more memory"},
    {"Could not run .* with arguments from|not currently implemented for|No kernel|not found any kernel", "not-supported",
     "this operator has no kernel for these devices or layouts; move the tensors or choose another operator"},
    {"leaf Variable that requires grad", "in-place-on-leaf", "wrap the in-place operation in noGrad(() => …)"},
    {"modified by an inplace operation", "in-place-on-saved", "clone the tensor before changing it in place; its old value is needed for a gradient"},
    {"backward through the graph a second time", "graph-freed", "run the forward pass again, or call backward with retainGraph"},
    {"does not require grad and does not have a grad_fn", "no-gradient",
     "call setRequiresGrad(true) on a parameter before the forward pass, and do not run it inside noGrad"},
    {"grad can be implicitly created only for scalar", "gradient-needed", "reduce the result to one number first (sum or mean), or give the gradient"},
    {"shapes cannot be multiplied|must match the size of tensor|size mismatch|sizes to match|shape '.*' is invalid|doesn't match the broadcast|"
     "inconsistent tensor size|must have same size|expected.*dimension|expected.*dims|batch1 must be|but got size|Sizes of tensors must match|"
     "expand|is not compatible|Expected size|same number of elements|must be a (matrix|vector)|negative dimension|view size is not compatible|dot : expected",
     "shape-mismatch", "compare the shapes above with what the operator expects; reshape, transpose or unsqueeze to align them"},
    {"scalar type|to have the same dtype|same data type|same dtype|dtype|not implemented for '|result type .* can't be cast|should be.*(Long|Int|Float|Bool)",
     "dtype-mismatch", "convert one of them with ops.toDtype(x, '…') so that the dtypes agree with what the operator takes"},
    {"out of range|out of bounds|index .* is out", "index-out-of-range", "check the index or dimension against the shapes above"},
};

std::string firstLines(std::string text) {
  // libtorch appends C++ frames to some messages; a reader of ours cannot use them.
  for (const char* cut : {"\nException raised from", "\nframe #", "\nC++ CapturedTraceback", " This could be because the operator doesn't exist for this backend"}) {
    if (const auto at = text.find(cut); at != std::string::npos) text.resize(at);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

struct Fields {
  std::string code;
  std::string argument;
  std::string problem;
  std::string hint;
};

Fields explain(const std::string& what) {
  Fields fields{"operator-failed", "", firstLines(what), ""};
  for (const auto& entry : explanations) {
    if (std::regex_search(fields.problem, std::regex(entry.pattern, std::regex::icase))) {
      fields.code = entry.code;
      fields.hint = entry.hint;
      break;
    }
  }
  return fields;
}

Fields currentFields() {
  try {
    throw;
  } catch (const BridgeError& error) {
    return {error.code, error.argument, error.message, ""};
  } catch (const c10::Error& error) {
    return explain(error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return explain("not enough memory");
  } catch (const std::exception& error) {
    return explain(error.what());
  } catch (...) {
    return {"operator-failed", "", "an unknown C++ exception", ""};
  }
}

}  // namespace

Napi::Value SetErrorFactory(const Napi::CallbackInfo& info) {
  return guarded(info, "setErrorFactory", [&]() -> Napi::Value {
    if (!info[0].IsFunction()) throw BridgeError("argument-type", "factory", "expected a function, got " + describe(info.Env(), info[0]));
    environment(info.Env()).errorFactory = Napi::Persistent(info[0].As<Napi::Function>());
    return info.Env().Undefined();
  });
}

void throwCurrent(napi_env rawEnv, const std::string& operation, const std::vector<TensorFact>& tensors) {
  Napi::Env env(rawEnv);
  try {
    throw;
  } catch (const Napi::Error& error) {  // JavaScript threw (a getter, a proxy): that error passes through
    if (!env.IsExceptionPending()) error.ThrowAsJavaScriptException();
    return;
  } catch (...) {
  }
  if (env.IsExceptionPending()) return;
  Fields fields = currentFields();
  // libtorch begins some messages with the operator's bare name; ours begin with the whole one.
  const auto bare = operation.substr(operation.rfind(':') + 1);
  for (const auto& prefix : {bare.substr(0, bare.find('.')) + ": ", bare.substr(0, bare.find('.')) + "(): "})
    if (fields.problem.starts_with(prefix)) fields.problem.erase(0, prefix.size());

  std::string message = operation + ": ";
  if (!fields.argument.empty()) message += "argument '" + fields.argument + "': ";
  message += fields.problem;
  for (const auto& tensor : tensors) {
    message += "\n  " + tensor.argument + ": " + tensor.dtype + " " + tensor.shape;
    if (tensor.device != "cpu") message += " on " + tensor.device;
  }
  if (!fields.hint.empty()) message += "\nTry: " + fields.hint + ".";

  auto facts = Napi::Object::New(env);
  facts["operator"] = operation;
  facts["problem"] = fields.problem;
  if (!fields.argument.empty()) facts["argument"] = fields.argument;
  if (!fields.hint.empty()) facts["hint"] = fields.hint;
  if (!tensors.empty()) {
    auto list = Napi::Array::New(env, tensors.size());
    for (size_t i = 0; i < tensors.size(); i++) {
      auto entry = Napi::Object::New(env);
      entry["argument"] = tensors[i].argument;
      entry["dtype"] = tensors[i].dtype;
      entry["shape"] = tensors[i].shape;
      entry["device"] = tensors[i].device;
      list[static_cast<uint32_t>(i)] = entry;
    }
    facts["tensors"] = list;
  }
  auto described = Napi::Object::New(env);
  described["message"] = message;
  described["code"] = fields.code;
  described["facts"] = facts;

  const auto& factory = environment(env).errorFactory;
  if (!factory.IsEmpty()) {
    try {
      napi_throw(env, factory.Call({described}));
      return;
    } catch (const Napi::Error& error) {
      error.ThrowAsJavaScriptException();
      return;
    }
  }
  auto error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, fields.code));
  error.Set("facts", facts);
  error.ThrowAsJavaScriptException();
}

std::string describe(napi_env rawEnv, napi_value raw) {
  const Napi::Value value(rawEnv, raw);
  switch (value.Type()) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return value.As<Napi::Boolean>().Value() ? "true" : "false";
    case napi_number:
      return "the number " + value.ToString().Utf8Value();
    case napi_string: {
      auto text = value.As<Napi::String>().Utf8Value();
      if (text.size() > 60) text = text.substr(0, 60) + "…";
      return "the string '" + text + "'";
    }
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_external:
      return "a native handle of another kind";
    case napi_bigint:
      return "a bigint";
    default:
      if (value.IsArray()) return "an array of " + std::to_string(value.As<Napi::Array>().Length());
      if (value.IsTypedArray()) return "a typed array";
      if (value.IsPromise()) return "a promise (await it first)";
      return "an object";
  }
}

void expectOk(napi_env env, napi_status status, const char* what) {
  if (status == napi_ok) return;
  const napi_extended_error_info* details = nullptr;
  napi_get_last_error_info(env, &details);
  throw BridgeError("bridge-failed", std::string(what) + " failed: " + (details && details->error_message ? details->error_message : "unknown reason"));
}

}  // namespace tunesmith
