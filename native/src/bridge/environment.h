#pragma once
// What belongs to one JavaScript environment (the main thread, or one worker thread that loads the addon).

#include <napi.h>

#include <cstdint>

namespace tunesmith {

struct Environment {
  Napi::FunctionReference errorFactory;
  int64_t reportedBytes = 0;  // what V8 has been told of native memory
};

inline Environment& environment(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Environment*>(data);
}

}  // namespace tunesmith
