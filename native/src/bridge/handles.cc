#include "bridge/handles.h"

#include <ATen/ATen.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <sstream>

#include "bridge/environment.h"
#include "bridge/errors.h"
#include "memory.h"

namespace tunesmith {
namespace {

constexpr napi_type_tag tensorTag = {0x74756e65736d6974ULL, 0x682d74656e736f72ULL};
constexpr napi_type_tag generatorTag = {0x74756e65736d6974ULL, 0x682d67656e657261ULL};

std::atomic<int64_t> liveHandles{0};
/// A handle that nobody disposed of has been collected, with its tensor, since V8 was last told of less memory.
std::atomic<bool> forgottenWasFreed{false};

struct TensorBox {
  at::Tensor tensor;  // undefined once disposed
};

void release(TensorBox* box) {
  if (!box->tensor.defined()) return;
  box->tensor.reset();
  liveHandles.fetch_sub(1, std::memory_order_relaxed);
}

template <typename Box>
Box* boxOf(napi_env env, napi_value value, const napi_type_tag& tag) {
  napi_valuetype type;
  if (value == nullptr || napi_typeof(env, value, &type) != napi_ok || type != napi_external) return nullptr;
  bool ours = false;
  if (napi_check_object_type_tag(env, value, &tag, &ours) != napi_ok || !ours) return nullptr;
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) return nullptr;
  return static_cast<Box*>(data);
}

template <typename Box>
napi_value wrapBox(napi_env env, Box* box, const napi_type_tag& tag, node_api_basic_finalize finalize) {
  napi_value external;
  if (napi_create_external(env, box, finalize, nullptr, &external) != napi_ok) {
    finalize(env, box, nullptr);
    throw BridgeError("bridge-failed", "no handle could be made (is the JavaScript heap full?)");
  }
  expectOk(env, napi_type_tag_object(env, external, &tag), "tagging a handle");
  return external;
}

}  // namespace

napi_value wrapTensor(napi_env env, at::Tensor tensor) {
  liveHandles.fetch_add(1, std::memory_order_relaxed);
  return wrapBox(env, new TensorBox{std::move(tensor)}, tensorTag, [](node_api_basic_env, void* data, void*) {
    auto* box = static_cast<TensorBox*>(data);
    if (box->tensor.defined()) forgottenWasFreed.store(true, std::memory_order_relaxed);
    release(box);
    delete box;
  });
}

const at::Tensor& unwrapTensor(napi_env env, napi_value value, const char* argument) {
  auto* box = boxOf<TensorBox>(env, value, tensorTag);
  if (box == nullptr) throw BridgeError("tensor-expected", argument, "expected a Tensor, got " + describe(env, value));
  if (!box->tensor.defined())
    throw BridgeError("tensor-disposed", argument,
                      "this tensor has been disposed. Was it made inside a scope that has ended? Return it from the scope, or keep() it");
  return box->tensor;
}

const at::Tensor* peekTensor(napi_env env, napi_value value) {
  auto* box = boxOf<TensorBox>(env, value, tensorTag);
  return box != nullptr && box->tensor.defined() ? &box->tensor : nullptr;
}

bool disposeTensor(napi_env env, napi_value value) {
  auto* box = boxOf<TensorBox>(env, value, tensorTag);
  if (box == nullptr) throw BridgeError("tensor-expected", "tensor", "expected a Tensor, got " + describe(env, value));
  if (!box->tensor.defined()) return false;
  release(box);
  return true;
}

napi_value wrapGenerator(napi_env env, at::Generator generator) {
  return wrapBox(env, new at::Generator(std::move(generator)), generatorTag, [](node_api_basic_env, void* data, void*) { delete static_cast<at::Generator*>(data); });
}

const at::Generator& unwrapGenerator(napi_env env, napi_value value, const char* argument) {
  auto* generator = boxOf<at::Generator>(env, value, generatorTag);
  if (generator == nullptr) throw BridgeError("argument-type", argument, "expected a Generator, got " + describe(env, value));
  return *generator;
}

int64_t liveTensorHandles() { return liveHandles.load(std::memory_order_relaxed); }

void reportMemory(napi_env env) {
  // V8 weighs external memory when it decides to collect; a change below this is noise to it and only costs the call.
  constexpr int64_t step = 8 << 20;
  // A training step takes and gives back hundreds of megabytes. Told of each fall, V8 would take each rise for growth and collect in every step, for
  // nothing, since scopes dispose of everything. So a fall is told when it was V8 that brought it about, else now and then.
  constexpr auto seldom = std::chrono::seconds(10);
  thread_local std::chrono::steady_clock::time_point fell;
  auto& told = environment(env).reportedBytes;
  const int64_t change = liveBytes() - told;
  if (std::abs(change) < step) return;
  if (change < 0) {
    const auto now = std::chrono::steady_clock::now();
    if (!forgottenWasFreed.exchange(false, std::memory_order_relaxed) && now - fell < seldom) return;
    fell = now;
  }
  int64_t total;
  napi_adjust_external_memory(env, change, &total);
  told += change;
}

std::string shapeText(const at::Tensor& tensor) {
  std::ostringstream text;
  text << "[";
  for (int64_t i = 0; i < tensor.dim(); i++) text << (i ? ", " : "") << tensor.size(i);
  text << "]";
  return text.str();
}

namespace {

struct NamedType {
  const char* name;
  at::ScalarType type;
};

constexpr NamedType types[] = {
    {"float64", at::kDouble}, {"float32", at::kFloat}, {"float16", at::kHalf}, {"bfloat16", at::kBFloat16}, {"int64", at::kLong},
    {"int32", at::kInt},      {"int16", at::kShort},   {"int8", at::kChar},    {"uint8", at::kByte},        {"bool", at::kBool},
};

}  // namespace

const char* dtypeName(at::ScalarType type) {
  for (const auto& entry : types)
    if (entry.type == type) return entry.name;
  return c10::toString(type);
}

at::ScalarType dtypeFromName(const std::string& name, const char* argument) {
  for (const auto& entry : types)
    if (name == entry.name) return entry.type;
  std::string known;
  for (const auto& entry : types) known += (known.empty() ? "" : ", ") + std::string(entry.name);
  throw BridgeError("dtype-unknown", argument, "there is no dtype '" + name + "'; the names are " + known);
}

}  // namespace tunesmith
