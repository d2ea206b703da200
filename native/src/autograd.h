#pragma once
#include <napi.h>

namespace tunesmith {
void initAutograd(Napi::Env env, Napi::Object exports);
}
