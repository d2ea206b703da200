#pragma once
#include <napi.h>

namespace tunesmith {
void initTensor(Napi::Env env, Napi::Object exports);
}
