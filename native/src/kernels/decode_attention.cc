// Attention of one new token per row over a key-value cache, as decoding asks for it. The new key and value are written into the row's next slot
// first; then the row sees its own slots up to the new one: no mask, nothing repeated for grouped heads, nothing padded. What a row gets
// depends on that row only, in its last bit too, whatever else is in the batch and wherever in the cache it lies.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/library.h>

#include <cmath>
#include <functional>
#include <limits>

#include "kernels/dispatch_types.h"
#include "kernels/dot_products.h"
#include "kernels/pack.h"
#include "kernels/rows.h"

namespace tunesmith {
namespace {

struct Sizes {
  int64_t rows, heads, keyValueHeads, headDim;
  int64_t window;  // how many slots a token sees, its own included
  double scale;
  std::optional<double> softcap;
};

template <typename scalar_t>
struct Place {
  scalar_t* data;
  int64_t row, head, slot;  // strides
  scalar_t* at(int64_t r, int64_t h) const { return data + r * row + h * head; }
};

/// scores[m][n] of `wide` query heads and the slots of one key head.
template <int64_t wide, typename scalar_t, typename Number>
void scoreSlots(const scalar_t* keys, int64_t stride, int64_t slots, const typename Dot<scalar_t>::Waiting* queries, int64_t headDim, Number* scores) {
  int64_t n = 0;
  for (; n + 4 <= slots; n += 4) dotProducts<4, wide>(keys + n * stride, stride, queries, headDim, scores + n, slots);
  for (; n < slots; n++) dotProducts<1, wide>(keys + n * stride, stride, queries, headDim, scores + n, slots);
}

/// output[m] = sum of weights[m][n] · values[n], times factors[m]
template <int64_t wide, typename scalar_t, typename Number>
void addValues(const scalar_t* values, int64_t stride, int64_t slots, const Number* weights, const Number* factors, int64_t headDim, scalar_t* output, int64_t outputStride) {
  using P = Pack<scalar_t>;
  sweep<scalar_t>(headDim, [&](int64_t i, int64_t count) {
    typename P::Vector low[wide], high[wide];
#pragma GCC unroll 4
    for (int64_t m = 0; m < wide; m++) low[m] = high[m] = typename P::Vector(Number(0));
    for (int64_t n = 0; n < slots; n++) {
      const auto value = P::load(values + n * stride + i, count);
#pragma GCC unroll 4
      for (int64_t m = 0; m < wide; m++) {
        const typename P::Vector weight(weights[m * slots + n]);
        low[m] = at::vec::fmadd(value.low, weight, low[m]);
        high[m] = at::vec::fmadd(value.high, weight, high[m]);
      }
    }
    for (int64_t m = 0; m < wide; m++) (P(low[m], high[m]) * P(factors[m])).store(output + m * outputStride + i, count);
  });
}

template <typename Vector, typename Join>
auto reduced(const Vector& vector, Join join) {
  typename Vector::value_type lanes[Vector::size()];
  vector.store(lanes);
  for (int64_t width = Vector::size() / 2; width > 0; width /= 2)
    for (int64_t i = 0; i < width; i++) lanes[i] = join(lanes[i], lanes[i + width]);
  return lanes[0];
}

/// All query heads of one key head, `wide` at a time.
template <int64_t wide, typename scalar_t, typename Number>
void attendGroup(const scalar_t* query, int64_t queryStride, const scalar_t* keys, int64_t keyStride, const scalar_t* values, int64_t valueStride, int64_t slots,
                 const Sizes& sizes, std::vector<typename Dot<scalar_t>::Waiting>& waiting, std::vector<Number>& scores, scalar_t* output) {
  waiting.resize(wide * paddedTo<scalar_t>(sizes.headDim));
  scores.resize(wide * slots);
  packWaiting<groupRows, scalar_t>(query, queryStride, wide, sizes.headDim, waiting.data());
  scoreSlots<wide>(keys, keyStride, slots, waiting.data(), sizes.headDim, scores.data());
  Number factors[wide];
  for (int64_t m = 0; m < wide; m++) {
    auto* row = scores.data() + m * slots;
    const auto scale = static_cast<Number>(sizes.scale);
    if (sizes.softcap) {
      const auto cap = static_cast<Number>(*sizes.softcap);
      for (int64_t n = 0; n < slots; n++) row[n] = cap * std::tanh(row[n] * scale / cap);
    } else {
      mapInPlace(row, slots, [&](const auto& x) { return x * Lanes<Number>(scale); });
    }
    using Vector = Lanes<Number>;
    Vector most(-std::numeric_limits<Number>::infinity()), sum(Number(0));
    forEachVector(row, slots, [&](int64_t, int64_t count, const Vector& x) { most = Vector::set(most, at::vec::maximum(most, x), count); });
    const Vector shift(reduced(most, [](Number a, Number b) { return std::max(a, b); }));
    mapInPlace(row, slots, [&](const auto& x) { return exponential(x - shift); });
    forEachVector(row, slots, [&](int64_t, int64_t count, const Vector& x) { sum = Vector::set(sum, sum + x, count); });
    factors[m] = 1 / reduced(sum, std::plus<Number>());
  }
  addValues<wide>(values, valueStride, slots, scores.data(), factors, sizes.headDim, output, sizes.headDim);
}

template <typename scalar_t>
void attend(const Place<const scalar_t>& query, const Place<const scalar_t>& key, const Place<const scalar_t>& value, const Place<scalar_t>& keys, const Place<scalar_t>& values,
            const int64_t* rowsOfCache, const int64_t* lengths, const Sizes& sizes, scalar_t* output) {
  using Number = typename Dot<scalar_t>::Number;
  const int64_t group = sizes.heads / sizes.keyValueHeads, items = sizes.rows * sizes.keyValueHeads;
  const int64_t longest = std::min(sizes.window, *std::max_element(lengths, lengths + sizes.rows) + 1);
  const int64_t least = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, longest * sizes.headDim * group));
  at::parallel_for(0, items, least, [&](int64_t first, int64_t last) {
    std::vector<typename Dot<scalar_t>::Waiting> waiting;
    std::vector<Number> scores;
    for (int64_t item = first; item < last; item++) {
      const int64_t row = item / sizes.keyValueHeads, head = item % sizes.keyValueHeads, slot = lengths[row];
      const int64_t slots = std::min(sizes.window, slot + 1), begin = slot + 1 - slots;
      auto *rowKeys = keys.at(rowsOfCache[row], head), *rowValues = values.at(rowsOfCache[row], head);
      std::copy_n(key.at(row, head), sizes.headDim, rowKeys + slot * keys.slot);
      std::copy_n(value.at(row, head), sizes.headDim, rowValues + slot * values.slot);
      for (int64_t m = 0; m < group; m += groupRows) {
        const int64_t queryHead = head * group + m;
        const auto go = [&]<int64_t wide>() {
          attendGroup<wide, scalar_t, Number>(query.at(row, queryHead), query.head, rowKeys + begin * keys.slot, keys.slot, rowValues + begin * values.slot, values.slot, slots,
                                              sizes, waiting, scores, output + (row * sizes.heads + queryHead) * sizes.headDim);
        };
        switch (std::min(groupRows, group - m)) {
          case 1: go.template operator()<1>(); break;
          case 2: go.template operator()<2>(); break;
          case 3: go.template operator()<3>(); break;
          default: go.template operator()<4>(); break;
        }
      }
    }
  });
}

void check(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& keys, const at::Tensor& values, at::IntArrayRef cacheRows,
           at::IntArrayRef lengths, std::optional<int64_t> window) {
  TORCH_CHECK(query.dim() == 3 && key.dim() == 3 && value.dim() == 3, "size mismatch: expected query [rows, heads, headDim], key and value [rows, keyValueHeads, headDim]");
  TORCH_CHECK(key.sizes() == value.sizes() && key.size(0) == query.size(0) && key.size(2) == query.size(2) && key.size(1) > 0 && query.size(1) % key.size(1) == 0,
              "size mismatch: expected as many rows and as large heads everywhere, and query heads a multiple of the key heads");
  TORCH_CHECK(keys.dim() == 4 && keys.sizes() == values.sizes() && keys.size(1) == key.size(1) && keys.size(3) == key.size(2),
              "size mismatch: expected keys and values [cacheRows, keyValueHeads, capacity, headDim]");
  const auto rows = static_cast<size_t>(query.size(0));
  TORCH_CHECK(rows > 0 && cacheRows.size() == rows && lengths.size() == rows, "size mismatch: expected one place and one length for each row");
  std::vector<bool> taken(keys.size(0));
  for (size_t row = 0; row < rows; row++) {
    TORCH_CHECK(cacheRows[row] >= 0 && cacheRows[row] < keys.size(0) && !taken[cacheRows[row]], "cache_rows: expected different rows of ", keys.size(0), ", got ", cacheRows);
    taken[cacheRows[row]] = true;
    TORCH_CHECK(lengths[row] >= 0 && lengths[row] < keys.size(2), "lengths: expected less than the ", keys.size(2), " slots of a row, got ", lengths[row]);
  }
  TORCH_CHECK(!window || *window > 0, "window: expected a positive number, got ", window.value_or(0));
  for (const auto* tensor : {&key, &value, &keys, &values}) {
    TORCH_CHECK(tensor->scalar_type() == query.scalar_type(), "query, keys and values: expected the same dtype");
    TORCH_CHECK(tensor->is_cpu() && query.is_cpu(), "expected tensors on the CPU: this kernel has no version for another device");
  }
  TORCH_CHECK(at::isFloatingType(query.scalar_type()), "query: expected a floating-point dtype");
  TORCH_CHECK(keys.stride(3) == 1 && values.stride(3) == 1, "keys and values: expected heads whose numbers lie side by side");
}

at::Tensor decodeAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::Tensor& keys, at::Tensor& values, at::IntArrayRef cacheRows,
                           at::IntArrayRef lengths, double scale, std::optional<int64_t> window, std::optional<double> softcap) {
  check(query, key, value, keys, values, cacheRows, lengths, window);
  const auto dense = [](const at::Tensor& tensor) { return tensor.stride(2) == 1 ? tensor : tensor.contiguous(); };
  const auto q = dense(query), k = dense(key), v = dense(value);
  auto output = at::empty(query.sizes(), query.options());
  const Sizes sizes{query.size(0), query.size(1), key.size(1), query.size(2), window.value_or(std::numeric_limits<int64_t>::max()), scale, softcap};
  TUNESMITH_DISPATCH(query.scalar_type(), "decode_attention", [&] {
    const auto fresh = [](const at::Tensor& tensor) { return Place<const scalar_t>{tensor.const_data_ptr<scalar_t>(), tensor.stride(0), tensor.stride(1), 0}; };
    const auto held = [](at::Tensor& tensor) { return Place<scalar_t>{tensor.mutable_data_ptr<scalar_t>(), tensor.stride(0), tensor.stride(1), tensor.stride(2)}; };
    attend<scalar_t>(fresh(q), fresh(k), fresh(v), held(keys), held(values), cacheRows.data(), lengths.data(), sizes, output.mutable_data_ptr<scalar_t>());
  });
  return output;
}

at::Tensor refuseGradient(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::Tensor& keys, at::Tensor& values, at::IntArrayRef cacheRows,
                          at::IntArrayRef lengths, double scale, std::optional<int64_t> window, std::optional<double> softcap) {
  TORCH_CHECK(!at::GradMode::is_enabled() || !(query.requires_grad() || key.requires_grad() || value.requires_grad()),
              "decode_attention has no gradient: it is for inference. Use attention without a cache, or noGrad");
  at::AutoDispatchBelowADInplaceOrView below;
  return decodeAttention(query, key, value, keys, values, cacheRows, lengths, scale, window, softcap);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def(
      "decode_attention(Tensor query, Tensor key, Tensor value, Tensor(a!) keys, Tensor(b!) values, int[] cache_rows, int[] lengths, float scale, int? window=None, "
      "float? softcap=None) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("decode_attention", decodeAttention); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("decode_attention", refuseGradient); }

}  // namespace tunesmith
