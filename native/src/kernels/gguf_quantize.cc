// Weights as the tensor types of GGUF files: rows of any float type in, bytes out, a few rows at a time and by all threads. The types themselves:
// gguf_simple_blocks.cc and gguf_k_blocks.cc.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <atomic>

#include "kernels/dispatch_types.h"
#include "kernels/gguf_types.h"

namespace tunesmith {
namespace {

using gguf::Rows;
using gguf::Type;

template <typename Number>
void encodeNumbers(const Rows& rows, uint8_t* out) {
  auto* numbers = reinterpret_cast<Number*>(out);
  for (int64_t i = 0; i < rows.count * rows.columns; i++) numbers[i] = static_cast<Number>(rows.values[i]);
}

constexpr Type types[] = {
    {"F32", 1, 4, encodeNumbers<float>, {-1, -1}, nullptr},
    {"F16", 1, 2, encodeNumbers<at::Half>, {0, -1}, nullptr},
    {"BF16", 1, 2, encodeNumbers<at::BFloat16>, {-1, -1}, nullptr},
    {"Q8_0", 32, 34, gguf::encodeQ8_0, {0, -1}, &gguf::levelsOfQ8_0},
    {"Q4_0", 32, 18, gguf::encodeQ4_0, {0, -1}, &gguf::levelsOfQ4_0},
    {"Q4_1", 32, 20, gguf::encodeQ4_1, {0, 2}, &gguf::levelsOfQ4_1},
    {"Q5_0", 32, 22, gguf::encodeQ5_0, {0, -1}, &gguf::levelsOfQ5_0},
    {"Q5_1", 32, 24, gguf::encodeQ5_1, {0, 2}, &gguf::levelsOfQ5_1},
    {"IQ4_NL", 32, 18, gguf::encodeIQ4_NL, {0, -1}, &gguf::levelsOfIQ4_NL},
    {"Q2_K", 256, 84, gguf::encodeQ2_K, {80, 82}, &gguf::levelsOfQ2_K},
    {"Q3_K", 256, 110, gguf::encodeQ3_K, {108, -1}, &gguf::levelsOfQ3_K},
    {"Q4_K", 256, 144, gguf::encodeQ4_K, {0, 2}, &gguf::levelsOfQ4_K},
    {"Q5_K", 256, 176, gguf::encodeQ5_K, {0, 2}, &gguf::levelsOfQ5_K},
    {"Q6_K", 256, 210, gguf::encodeQ6_K, {208, -1}, &gguf::levelsOfQ6_K},
};

}  // namespace

const Type& gguf::typeOf(c10::string_view name) {
  for (const auto& type : types) {
    if (name == type.name) return type;
  }
  TORCH_CHECK(false, "type: there is no encoder for ", name);
}

namespace {

void lower(std::atomic<int64_t>& least, int64_t place) {
  int64_t seen = least;
  while (place < seen && !least.compare_exchange_weak(seen, place)) {
  }
}

/// The first element that is NaN or infinite; `count` where there is none.
int64_t firstNotFinite(const float* values, int64_t count) {
  uint32_t broken = 0;
  const auto* bits = reinterpret_cast<const uint32_t*>(values);
  for (int64_t i = 0; i < count; i++) broken |= (bits[i] & 0x7f800000) == 0x7f800000;
  if (!broken) return count;
  return std::find_if(bits, bits + count, [](uint32_t b) { return (b & 0x7f800000) == 0x7f800000; }) - bits;
}

/// The first block with a float16 number that is not finite.
int64_t firstBeyondHalf(const Type& type, const uint8_t* bytes, int64_t blocks) {
  for (const int64_t place : type.halves) {
    if (place < 0) continue;
    for (int64_t block = 0; block < blocks; block++) {
      if ((bytes[block * type.blockBytes + place + 1] & 0x7c) == 0x7c) return block;
    }
  }
  return blocks;
}

template <typename Number>
const float* inFloat32(const Number* numbers, int64_t count, std::vector<float>& space) {
  if constexpr (std::is_same_v<Number, float>) {
    return numbers;
  } else {
    space.resize(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; i++) space[static_cast<size_t>(i)] = static_cast<float>(numbers[i]);
    return space.data();
  }
}

/// How many elements are converted to float32 at a time by each thread: 256 KiB.
constexpr int64_t batchElements = 1 << 16;

/// The bytes [rows, bytes of a row], and the places of the first element that is not finite and of the first block that float16 cannot hold; -1 where there is none.
std::tuple<at::Tensor, int64_t, int64_t> ggufQuantize(const at::Tensor& values, c10::string_view name, const std::optional<at::Tensor>& importance) {
  const Type& type = gguf::typeOf(name);
  TORCH_CHECK(values.dim() == 2 && values.size(1) > 0 && values.size(1) % type.blockElements == 0, "size mismatch: expected values [rows, columns] with a multiple of ", type.blockElements, " columns for ", name);
  TORCH_CHECK(at::isFloatingType(values.scalar_type()) && values.scalar_type() != at::kDouble, "values: expected float32, bfloat16 or float16 dtype");
  const int64_t count = values.size(0), columns = values.size(1);
  at::Tensor weights;
  if (importance) {
    TORCH_CHECK(importance->scalar_type() == at::kFloat, "importance: expected float32 dtype");
    TORCH_CHECK(importance->numel() == columns, "size mismatch: importance has ", importance->numel(), " numbers; expected ", columns, ", one for each column");
    weights = importance->contiguous();
  }
  const auto source = values.contiguous();
  const int64_t blocksPerRow = columns / type.blockElements, rowBytes = blocksPerRow * type.blockBytes;
  auto out = at::empty({count, rowBytes}, at::TensorOptions(at::kByte));
  constexpr int64_t none = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> notFinite{none}, beyondHalf{none};
  const int64_t batch = std::max<int64_t>(1, batchElements / columns);
  TUNESMITH_DISPATCH(source.scalar_type(), "gguf_quantize", [&] {
    const auto* data = source.const_data_ptr<scalar_t>();
    auto* bytes = out.mutable_data_ptr<uint8_t>();
    at::parallel_for(0, (count + batch - 1) / batch, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> converted;
      for (int64_t row = begin * batch; row < std::min(count, end * batch); row += batch) {
        const int64_t elements = std::min(batch, count - row) * columns;
        const Rows rows{inFloat32(data + row * columns, elements, converted), elements / columns, columns, weights.defined() ? weights.const_data_ptr<float>() : nullptr};
        if (const int64_t place = firstNotFinite(rows.values, elements); place < elements) {
          lower(notFinite, row * columns + place);
          continue;
        }
        type.encode(rows, bytes + row * rowBytes);
        const int64_t blocks = rows.count * blocksPerRow;
        if (const int64_t block = firstBeyondHalf(type, bytes + row * rowBytes, blocks); block < blocks) lower(beyondHalf, (row * blocksPerRow + block) * type.blockElements);
      }
    });
  });
  const auto placeOf = [](int64_t place) { return place == none ? -1 : place; };
  return {out, placeOf(notFinite), placeOf(beyondHalf)};
}

std::tuple<at::Tensor, int64_t, int64_t> withoutGradient(const at::Tensor& values, c10::string_view type, const std::optional<at::Tensor>& importance) {
  at::AutoDispatchBelowADInplaceOrView below;
  return ggufQuantize(values, type, importance);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("gguf_quantize(Tensor values, str type, Tensor? importance=None) -> (Tensor blocks, int not_finite, int beyond_half)"); }
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("gguf_quantize", ggufQuantize); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("gguf_quantize", withoutGradient); }

}  // namespace tunesmith
