// What SCE (arXiv 2408.07990, section 3.3) asks of the task vectors of one weight: the elements whose variance over the models is largest, and each
// model's mean of squares there.

#include <torch/library.h>

#include <cstring>

#include "kernels/dispatch_types.h"
#include "kernels/merge_arithmetic.h"
#include "kernels/merge_selection.h"

namespace tunesmith::merging {
namespace {

/// The population variance over the models, by Welford's way in float64 (so that equal differences give exactly zero), rounded.
template <typename scalar_t>
void variances(const scalar_t* base, const std::vector<const scalar_t*>& models, int64_t first, int64_t count, Number<scalar_t>* out) {
  alignas(64) Number<scalar_t> differences[blockLength];
  alignas(64) double mean[blockLength], squares[blockLength];
  for (size_t m = 0; m < models.size(); m++) {
    subtract(models[m] + first, base + first, count, differences);
    if (m == 0) {
      for (int64_t i = 0; i < count; i++) mean[i] = differences[i];
      std::fill_n(squares, count, 0.0);
      continue;
    }
    const double share = 1.0 / static_cast<double>(m + 1);
    for (int64_t i = 0; i < count; i++) {
      const double away = differences[i] - mean[i];
      const double step = away * share;
      mean[i] += step;
      const double product = away * (differences[i] - mean[i]);
      squares[i] += product;
    }
  }
  const double members = static_cast<double>(models.size());
  for (int64_t i = 0; i < count; i++) out[i] = rounded<scalar_t>(static_cast<Number<scalar_t>>(squares[i] / members));
}

/// -> (bits of the floor(share * nonzero) elements with the largest variance, how many they are). Among equal ones the first are taken.
std::tuple<at::Tensor, at::Tensor> varianceMask(const at::Tensor& base, at::TensorList models, double share) {
  TORCH_CHECK(!models.empty(), "size mismatch: expected at least one model");
  for (const auto& model : models) checkLike(model, base, "models");
  const int64_t total = base.numel();
  auto mask = emptyBits(total);
  auto spread = at::empty_like(base);
  int64_t selected = 0;
  TUNESMITH_DISPATCH(base.scalar_type(), "merge_variance_mask", [&] {
    std::vector<const scalar_t*> sources;
    for (const auto& model : models) sources.push_back(model.const_data_ptr<scalar_t>());
    const auto* from = base.const_data_ptr<scalar_t>();
    auto* values = spread.mutable_data_ptr<scalar_t>();
    std::vector<int64_t> nonzero((total + chunkLength - 1) / chunkLength, 0);
    forEachChunk(total, [&](int64_t chunk, int64_t length) {
      forEachBlock(chunk, length, [&](int64_t first, int64_t count) {
        alignas(64) Number<scalar_t> block[blockLength];
        variances(from, sources, first, count, block);
        int64_t found = 0;
        for (int64_t i = 0; i < count; i++) {
          values[first + i] = narrow<scalar_t>(block[i]);
          found += block[i] != 0;
        }
        nonzero[chunk / chunkLength] += found;
      });
    });
    int64_t all = 0;
    for (const auto each : nonzero) all += each;
    selected = static_cast<int64_t>(static_cast<double>(all) * share);
    if (selected == 0) {
      mask.zero_();
      return;
    }
    constexpr int bits = std::is_same_v<scalar_t, at::BFloat16> ? 15 : 31;
    const auto fill = [&](int64_t at, int64_t count, uint32_t* keys) {
      for (int64_t i = 0; i < count; i++) keys[i] = ((1u << bits) - 1) - magnitudeKey<scalar_t>(widen(values[at + i]));
    };
    const Window window = findWindow(total, 0, selected, bits, fill);
    auto* out = mask.mutable_data_ptr<uint8_t>();
    forEachInWindow(total, window, fill, [&](int64_t at, int64_t count, uint8_t* kept) { packBits(kept, count, out + at / 8); });
  });
  return {mask, at::full({}, selected, at::kLong)};
}

/// The sum of squared differences of each model, where the mask (if any) keeps them; each square rounded to the dtype. float64 [models].
at::Tensor squaredChanges(const at::Tensor& base, at::TensorList models, const std::optional<at::Tensor>& mask) {
  const int64_t total = base.numel(), count = static_cast<int64_t>(models.size());
  for (const auto& model : models) checkLike(model, base, "models");
  if (mask) TORCH_CHECK(mask->scalar_type() == at::kByte && mask->numel() == (total + 7) / 8, "size mismatch: expected a uint8 mask of ", (total + 7) / 8, " bytes");
  const auto* bits = mask ? mask->const_data_ptr<uint8_t>() : nullptr;
  const int64_t chunks = (total + chunkLength - 1) / chunkLength;
  std::vector<double> parts(chunks * count, 0.0);
  TUNESMITH_DISPATCH(base.scalar_type(), "merge_squared_changes", [&] {
    const auto* from = base.const_data_ptr<scalar_t>();
    forEachChunk(total, [&](int64_t chunk, int64_t length) {
      forEachBlock(chunk, length, [&](int64_t first, int64_t size) {
        constexpr int64_t lanes = 16;
        alignas(64) Number<scalar_t> differences[blockLength];
        alignas(64) uint8_t kept[blockLength];
        if (bits) expandBits(bits + first / 8, size, kept);
        for (int64_t m = 0; m < count; m++) {
          std::fill(differences, differences + blockLength, Number<scalar_t>(0));
          subtract(models[m].const_data_ptr<scalar_t>() + first, from + first, size, differences);
          if (bits)
            for (int64_t i = 0; i < size; i++) differences[i] = kept[i] ? differences[i] : Number<scalar_t>(0);
          Number<scalar_t> sums[lanes] = {};
          for (int64_t i = 0; i < blockLength; i += lanes)
            for (int64_t lane = 0; lane < lanes; lane++) {
              const auto square = rounded<scalar_t>(differences[i + lane] * differences[i + lane]);
              sums[lane] += square;
            }
          for (const auto sum : sums) parts[chunk / chunkLength * count + m] += sum;
        }
      });
    });
  });
  auto result = at::zeros({count}, at::kDouble);
  auto* sums = result.mutable_data_ptr<double>();
  for (int64_t chunk = 0; chunk < chunks; chunk++)
    for (int64_t m = 0; m < count; m++) sums[m] += parts[chunk * count + m];
  return result;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("merge_variance_mask(Tensor base, Tensor[] models, float share) -> (Tensor, Tensor)");
  library.def("merge_squared_changes(Tensor base, Tensor[] models, Tensor? mask=None) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) {
  library.impl("merge_variance_mask", varianceMask);
  library.impl("merge_squared_changes", squaredChanges);
}

}  // namespace tunesmith::merging
