// The weighted sum of many models (arXiv 2203.05482), read once: every sum in float32 (float64 of float64), each product
// added without a rounding of its own (as libtorch's addcmul does), rounded to the models' dtype at the end.

#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/merge_lanes.h"

namespace tunesmith::merging {
namespace {

template <typename scalar_t>
struct Summand {
  const scalar_t* model;
  Number<scalar_t> weight;
};

/// Below this, threads would wait for each other about as long as they add; a merge's other threads read and write meanwhile.
constexpr int64_t sharedFrom = 1 << 21;

/// Elements whose sums are formed together: one chain of additions leaves the processor waiting.
constexpr int64_t together = 4 * lanes;

/// The first `count` of so many elements.
template <typename scalar_t>
[[gnu::always_inline]] inline void sumLanes(const Summand<scalar_t>* summands, size_t summandCount, Number<scalar_t> by, int64_t first, int64_t count, scalar_t* out) {
  using Vector = Numbers<scalar_t>;
  const auto each = [](auto step) {
    step(0);
    step(1);
    step(2);
    step(3);
  };
  Vector sum[4] = {};
  for (size_t m = 0; m < summandCount; m++) {
    const auto& [model, weight] = summands[m];
    each([&](int part) { sum[part] = multiplyAdd<scalar_t>(loadLanes(model + first + part * lanes, count - part * lanes), Vector{} + weight, sum[part]); });
  }
  if (by != 1) each([&](int part) { sum[part] /= by; });
  each([&](int part) { storeLanes<scalar_t>(roundedLanes<scalar_t>(sum[part]), out + first + part * lanes, count - part * lanes); });
}

at::Tensor mergeLinear(at::TensorList models, at::ArrayRef<double> weights, double divisor) {
  TORCH_CHECK(!models.empty() && models.size() == weights.size(), "size mismatch: expected a weight for each of ", models.size(), " models, got ", weights.size());
  for (const auto& model : models) checkLike(model, models[0], "models");
  auto merged = at::empty_like(models[0]);
  TUNESMITH_DISPATCH(merged.scalar_type(), "merge_linear", [&] {
    std::vector<Summand<scalar_t>> summands;
    for (size_t model = 0; model < models.size(); model++) summands.push_back({models[model].const_data_ptr<scalar_t>(), static_cast<Number<scalar_t>>(weights[model])});
    auto* out = merged.mutable_data_ptr<scalar_t>();
    const auto by = static_cast<Number<scalar_t>>(divisor);
    const auto sum = [&](int64_t first, int64_t count) {
      const int64_t whole = count / together * together;
      for (int64_t done = 0; done < whole; done += together) sumLanes(summands.data(), summands.size(), by, first + done, together, out);
      if (whole < count) sumLanes(summands.data(), summands.size(), by, first + whole, count - whole, out);
    };
    if (merged.numel() < sharedFrom)
      sum(0, merged.numel());
    else
      forEachChunk(merged.numel(), sum);
  });
  return merged;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("merge_linear(Tensor[] models, float[] weights, float divisor=1.) -> Tensor"); }
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("merge_linear", mergeLinear); }

}  // namespace tunesmith::merging
