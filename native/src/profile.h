#pragma once
#include <napi.h>

namespace tunesmith {
void initProfile(Napi::Env env, Napi::Object exports);
}
