// What JavaScript sees, one line per component. native/ts/index.ts declares it in the same order.

#include <napi.h>

#include "autograd.h"
#include "bridge/environment.h"
#include "bridge/errors.h"
#include "devices.h"
#include "dispatch.h"
#include "files.h"
#include "kernels/narrow_products.h"
#include "memory.h"
#include "profile.h"
#include "runtime.h"
#include "tensor.h"

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  tunesmith::loadDevices();
  tunesmith::installAllocator();
  tunesmith::installNarrowProducts();
  env.SetInstanceData(new tunesmith::Environment);
  exports["setErrorFactory"] = Napi::Function::New(env, tunesmith::SetErrorFactory, "setErrorFactory");
  tunesmith::initDispatch(env, exports);
  tunesmith::initTensor(env, exports);
  tunesmith::initFiles(env, exports);
  tunesmith::initAutograd(env, exports);
  tunesmith::initRuntime(env, exports);
  tunesmith::initProfile(env, exports);
  return exports;
}

NODE_API_MODULE(compute, init)
