#pragma once
#include <napi.h>

namespace tunesmith {
void initFiles(Napi::Env env, Napi::Object exports);
}
