#pragma once
#include <napi.h>

namespace tunesmith {
void initDispatch(Napi::Env env, Napi::Object exports);
}
