#pragma once
#include <napi.h>

namespace tunesmith {
void initRuntime(Napi::Env env, Napi::Object exports);
}
