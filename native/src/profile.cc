// Where the time of operators goes: processor time by operator, without what the operators that it calls take themselves. Time of the
// processor, not of the clock, so that a busy machine does not change the shares; of all threads, since an operator waits for those it starts.

#include "profile.h"

#include <ATen/record_function.h>
#include <time.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bridge/errors.h"

namespace tunesmith {
namespace {

int64_t processorNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

struct Sum {
  int64_t calls = 0;
  int64_t nanoseconds = 0;
};

std::mutex sumsMutex;
std::map<std::string, Sum> sums;
at::CallbackHandle running = at::INVALID_CALLBACK_HANDLE;

/// The operators that are open on this thread, outermost first: what each one's inner operators have taken so far.
thread_local std::vector<int64_t> takenInside;

struct Call final : at::ObserverContext {
  int64_t began = processorNanoseconds();
};

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction&) {
  takenInside.push_back(0);
  return std::make_unique<Call>();
}

void leave(const at::RecordFunction& function, at::ObserverContext* context) {
  if (takenInside.empty()) return;  // entered before the profile began
  const int64_t whole = processorNanoseconds() - static_cast<Call*>(context)->began;
  const int64_t own = whole - takenInside.back();
  takenInside.pop_back();
  if (!takenInside.empty()) takenInside.back() += whole;
  std::lock_guard lock(sumsMutex);
  auto& sum = sums[function.name()];
  sum.calls++;
  sum.nanoseconds += own;
}

Napi::Value StartProfile(const Napi::CallbackInfo& info) {
  return guarded(info, "startProfile", [&]() -> Napi::Value {
    if (running != at::INVALID_CALLBACK_HANDLE) throw BridgeError("profile-running", "a profile is already being made in this process; stop it first");
    sums.clear();
    takenInside.clear();
    running = at::addGlobalCallback(at::RecordFunctionCallback(enter, leave).scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
    return info.Env().Undefined();
  });
}

// stopProfile(): [{ name, calls, seconds }, …], by name
Napi::Value StopProfile(const Napi::CallbackInfo& info) {
  return guarded(info, "stopProfile", [&]() -> Napi::Value {
    if (running == at::INVALID_CALLBACK_HANDLE) throw BridgeError("profile-not-running", "no profile is being made; start one first");
    at::removeCallback(running);
    running = at::INVALID_CALLBACK_HANDLE;
    const auto env = info.Env();
    auto entries = Napi::Array::New(env);
    std::lock_guard lock(sumsMutex);
    for (const auto& [name, sum] : sums) {
      auto entry = Napi::Object::New(env);
      entry["name"] = name;
      entry["calls"] = static_cast<double>(sum.calls);
      entry["seconds"] = static_cast<double>(sum.nanoseconds) * 1e-9;
      entries[entries.Length()] = entry;
    }
    return entries;
  });
}

}  // namespace

void initProfile(Napi::Env env, Napi::Object exports) {
  exports["startProfile"] = Napi::Function::New(env, StartProfile, "startProfile");
  exports["stopProfile"] = Napi::Function::New(env, StopProfile, "stopProfile");
}

}  // namespace tunesmith
