// The weighted sum of many models (arXiv 2203.05482), read once: every sum in float32 (float64 of float64), each product
// added without a rounding of its own (as libtorch's addcmul does), rounded to the models' dtype at the end.

#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/merge_arithmetic.h"

namespace tunesmith::merging {
namespace {

at::Tensor mergeLinear(at::TensorList models, at::ArrayRef<double> weights, double divisor) {
  TORCH_CHECK(!models.empty() && models.size() == weights.size(), "size mismatch: expected a weight for each of ", models.size(), " models, got ", weights.size());
  for (const auto& model : models) checkLike(model, models[0], "models");
  auto merged = at::empty_like(models[0]);
  TUNESMITH_DISPATCH(merged.scalar_type(), "merge_linear", [&] {
    std::vector<const scalar_t*> sources;
    for (const auto& model : models) sources.push_back(model.const_data_ptr<scalar_t>());
    auto* out = merged.mutable_data_ptr<scalar_t>();
    const auto by = static_cast<Number<scalar_t>>(divisor);
    forEachChunk(merged.numel(), [&](int64_t chunk, int64_t length) {
      forEachBlock(chunk, length, [&](int64_t first, int64_t count) {
        alignas(64) Number<scalar_t> sum[blockLength];
        std::fill_n(sum, count, Number<scalar_t>(0));
        for (size_t model = 0; model < sources.size(); model++) {
          const auto* source = sources[model] + first;
          const auto weight = static_cast<Number<scalar_t>>(weights[model]);
          for (int64_t i = 0; i < count; i++) sum[i] = std::fma(widen(source[i]), weight, sum[i]);
        }
        if (by != 1)
          for (int64_t i = 0; i < count; i++) sum[i] /= by;
        for (int64_t i = 0; i < count; i++) out[first + i] = narrow<scalar_t>(rounded<scalar_t>(sum[i]));
      });
    });
  });
  return merged;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("merge_linear(Tensor[] models, float[] weights, float divisor=1.) -> Tensor"); }
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("merge_linear", mergeLinear); }

}  // namespace tunesmith::merging
