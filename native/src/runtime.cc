// The process as a whole: threads, randomness, memory.

#include "runtime.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "bridge/errors.h"
#include "bridge/handles.h"
#include "memory.h"

namespace tunesmith {
namespace {

double number(const Napi::Value& value, const char* argument, double least, double most) {
  if (value.IsNumber()) {
    const double given = value.As<Napi::Number>().DoubleValue();
    if (given == std::trunc(given) && given >= least && given <= most) return given;
  }
  throw BridgeError("argument-type", argument,
                    "expected an integer from " + std::to_string(static_cast<int64_t>(least)) + " to " + std::to_string(static_cast<int64_t>(most)) + ", got " +
                        describe(value.Env(), value));
}

constexpr double largestExact = 9007199254740991.0;

Napi::Value SetThreads(const Napi::CallbackInfo& info) {
  return guarded(info, "setThreads", [&]() -> Napi::Value {
    at::set_num_threads(static_cast<int>(number(info[0], "count", 1, 1024)));
    return info.Env().Undefined();
  });
}

Napi::Value Threads(const Napi::CallbackInfo& info) {
  return guarded(info, "threads", [&]() -> Napi::Value { return Napi::Number::New(info.Env(), at::get_num_threads()); });
}

Napi::Value ManualSeed(const Napi::CallbackInfo& info) {
  return guarded(info, "manualSeed", [&]() -> Napi::Value {
    at::manual_seed(static_cast<uint64_t>(number(info[0], "seed", 0, largestExact)));
    return info.Env().Undefined();
  });
}

// generator(seed): a stream of random numbers of its own
Napi::Value Generator(const Napi::CallbackInfo& info) {
  return guarded(info, "generator", [&]() -> Napi::Value {
    const auto seed = static_cast<uint64_t>(number(info[0], "seed", 0, largestExact));
    return {info.Env(), wrapGenerator(info.Env(), at::detail::createCPUGenerator(seed))};
  });
}

Napi::Value LiveTensors(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), static_cast<double>(liveTensorHandles())); }

Napi::Value MemoryUse(const Napi::CallbackInfo& info) {
  return guarded(info, "memoryUse", [&]() -> Napi::Value {
    auto use = Napi::Object::New(info.Env());
    use["liveBytes"] = static_cast<double>(liveBytes());
    use["peakBytes"] = static_cast<double>(peakBytes());
    use["cachedBytes"] = static_cast<double>(cachedBytes());
    return use;
  });
}

Napi::Value ResetPeakMemory(const Napi::CallbackInfo& info) {
  resetPeak();
  return info.Env().Undefined();
}

// trimMemory(keepBytes)
Napi::Value TrimMemory(const Napi::CallbackInfo& info) {
  return guarded(info, "trimMemory", [&]() -> Napi::Value {
    trimCache(static_cast<int64_t>(number(info[0], "keepBytes", 0, largestExact)));
    return info.Env().Undefined();
  });
}

// limitCachedMemory(bytes)
Napi::Value LimitCachedMemory(const Napi::CallbackInfo& info) {
  return guarded(info, "limitCachedMemory", [&]() -> Napi::Value {
    setCacheLimit(static_cast<int64_t>(number(info[0], "bytes", 0, largestExact)));
    return info.Env().Undefined();
  });
}

}  // namespace

void initRuntime(Napi::Env env, Napi::Object exports) {
  exports["setThreads"] = Napi::Function::New(env, SetThreads, "setThreads");
  exports["threads"] = Napi::Function::New(env, Threads, "threads");
  exports["manualSeed"] = Napi::Function::New(env, ManualSeed, "manualSeed");
  exports["generator"] = Napi::Function::New(env, Generator, "generator");
  exports["liveTensors"] = Napi::Function::New(env, LiveTensors, "liveTensors");
  exports["memoryUse"] = Napi::Function::New(env, MemoryUse, "memoryUse");
  exports["resetPeakMemory"] = Napi::Function::New(env, ResetPeakMemory, "resetPeakMemory");
  exports["trimMemory"] = Napi::Function::New(env, TrimMemory, "trimMemory");
  exports["limitCachedMemory"] = Napi::Function::New(env, LimitCachedMemory, "limitCachedMemory");
}

}  // namespace tunesmith
