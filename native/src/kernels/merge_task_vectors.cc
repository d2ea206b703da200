// Task vectors (model minus base) weighed, where asked held to the sign of the majority, and added to the base in one pass over the models: task
// arithmetic (arXiv 2212.04089) and its sparse kin, TIES (2306.01708), SCE (2408.07990).

#include <torch/library.h>

#include <cstring>

#include "kernels/dispatch_types.h"
#include "kernels/merge_arithmetic.h"

namespace tunesmith::merging {
namespace {

/// How votes and divisors are formed.
enum class Consensus : int64_t {
  none = 0,      ///< all are summed; the divisor is the sum of the weights
  weighted = 1,  ///< TIES: weighted differences vote on the sign, those that agree are summed; the divisor is the sum of their weights
  plain = 2,     ///< SCE: differences vote without their weights; the divisor is at least 1e-6
};

struct Plan {
  Consensus consensus;
  bool normalize;
  double lambda;
};

template <typename scalar_t>
struct Member {
  const scalar_t* model;
  const uint8_t* mask;  // null: all are kept
  Number<scalar_t> scale, weight;
};

/// The divisor of elements that all models share (no consensus).
template <typename scalar_t>
Number<scalar_t> sharedDivisor(const std::vector<Member<scalar_t>>& members) {
  Number<scalar_t> sum = 0;
  for (const auto& member : members) sum += member.weight;
  const auto divisor = rounded<scalar_t>(sum);
  return std::fabs(divisor) < Number<scalar_t>(1e-8) ? Number<scalar_t>(1) : divisor;
}

/// One block: differences of every member lie in `terms`, [members][blockLength].
template <typename scalar_t>
void mergeBlock(const scalar_t* base, const std::vector<Member<scalar_t>>& members, int64_t first, int64_t count, const Plan& plan, Number<scalar_t> divisor, Number<scalar_t>* terms, scalar_t* out) {
  using number_t = Number<scalar_t>;
  alignas(64) number_t sum[blockLength], weights[blockLength];
  alignas(64) uint8_t kept[blockLength];
  const bool plain = plan.consensus == Consensus::plain;
  std::fill_n(sum, count, number_t(0));
  for (size_t m = 0; m < members.size(); m++) {
    const auto& member = members[m];
    auto* term = terms + m * blockLength;
    subtract(member.model + first, base + first, count, term);
    if (member.mask) {
      expandBits(member.mask + first / 8, count, kept);
      for (int64_t i = 0; i < count; i++) term[i] = kept[i] ? term[i] : number_t(0);
      if (member.scale != 1)
        for (int64_t i = 0; i < count; i++) term[i] = rounded<scalar_t>(term[i] * member.scale);
    }
    if (!plain)
      for (int64_t i = 0; i < count; i++) term[i] = rounded<scalar_t>(term[i] * member.weight);
    for (int64_t i = 0; i < count; i++) sum[i] += term[i];
  }
  if (plan.consensus != Consensus::none) {
    // From the sum of votes to +1 or -1, then only those that agree.
    alignas(64) number_t majority[blockLength];
    for (int64_t i = 0; i < count; i++) majority[i] = rounded<scalar_t>(sum[i]) >= 0 ? number_t(1) : number_t(-1);
    std::fill_n(sum, count, number_t(0));
    std::fill_n(weights, count, number_t(0));
    for (size_t m = 0; m < members.size(); m++) {
      const auto weight = members[m].weight;
      const auto* term = terms + m * blockLength;
      for (int64_t i = 0; i < count; i++) {
        const bool agrees = term[i] * majority[i] > 0;
        const auto value = plain ? rounded<scalar_t>(term[i] * weight) : term[i];
        sum[i] += agrees ? value : number_t(0);
        weights[i] += agrees ? weight : number_t(0);
      }
    }
  }
  // In loops of one step each, over memory of their own: only such ones become vector instructions.
  for (int64_t i = 0; i < count; i++) sum[i] = rounded<scalar_t>(sum[i]);
  if (plan.normalize) {
    if (plan.consensus == Consensus::none) {
      std::fill_n(weights, count, divisor);
    } else if (plain) {
      const auto floor = rounded<scalar_t>(number_t(1e-6));
      for (int64_t i = 0; i < count; i++) weights[i] = rounded<scalar_t>(weights[i]);
      for (int64_t i = 0; i < count; i++) weights[i] = weights[i] > floor ? weights[i] : floor;
    } else {
      for (int64_t i = 0; i < count; i++) weights[i] = rounded<scalar_t>(weights[i]);
      for (int64_t i = 0; i < count; i++) weights[i] = weights[i] != 0 ? weights[i] : number_t(1);
    }
    for (int64_t i = 0; i < count; i++) sum[i] = rounded<scalar_t>(sum[i] / weights[i]);
  }
  if (plan.lambda != 1) {
    const auto lambda = static_cast<number_t>(plan.lambda);
    for (int64_t i = 0; i < count; i++) sum[i] = rounded<scalar_t>(sum[i] * lambda);
  }
  const auto* from = base + first;
  for (int64_t i = 0; i < count; i++) sum[i] = rounded<scalar_t>(widen(from[i]) + sum[i]);
  auto* to = out + first;
  for (int64_t i = 0; i < count; i++) to[i] = narrow<scalar_t>(sum[i]);
}

at::Tensor mergeTaskVectors(const at::Tensor& base, at::TensorList models, at::ArrayRef<double> weights, const c10::List<std::optional<at::Tensor>>& masks, at::ArrayRef<double> scales, int64_t consensus, bool normalize,
                            double lambda) {
  const size_t count = models.size();
  TORCH_CHECK(count > 0 && weights.size() == count && masks.size() == count && scales.size() == count, "size mismatch: expected a weight, a mask (or null) and a scale for each of ", count, " models, got ", weights.size(),
              ", ", masks.size(), " and ", scales.size());
  TORCH_CHECK(consensus >= 0 && consensus <= 2, "consensus: expected 0, 1 or 2, got ", consensus);
  std::vector<const uint8_t*> bits(count, nullptr);
  for (size_t m = 0; m < count; m++) {
    checkLike(models[m], base, "models");
    const std::optional<at::Tensor> mask = masks.get(m);
    if (!mask) continue;
    TORCH_CHECK(mask->scalar_type() == at::kByte && mask->is_contiguous(), "masks: expected dtype uint8, contiguous");
    TORCH_CHECK(mask->numel() == (base.numel() + 7) / 8, "size mismatch: expected masks of ", (base.numel() + 7) / 8, " bytes, got ", mask->numel());
    bits[m] = mask->const_data_ptr<uint8_t>();
  }
  auto merged = at::empty_like(base);
  const Plan plan{static_cast<Consensus>(consensus), normalize, lambda};
  TUNESMITH_DISPATCH(base.scalar_type(), "merge_task_vectors", [&] {
    std::vector<Member<scalar_t>> members;
    for (size_t m = 0; m < count; m++)
      members.push_back({models[m].const_data_ptr<scalar_t>(), bits[m], static_cast<Number<scalar_t>>(scales[m]), rounded<scalar_t>(static_cast<Number<scalar_t>>(weights[m]))});
    const auto divisor = sharedDivisor(members);
    const auto* from = base.const_data_ptr<scalar_t>();
    auto* out = merged.mutable_data_ptr<scalar_t>();
    forEachChunk(base.numel(), [&](int64_t chunk, int64_t length) {
      std::vector<Number<scalar_t>> terms(count * blockLength);
      forEachBlock(chunk, length, [&](int64_t first, int64_t size) { mergeBlock(from, members, first, size, plan, divisor, terms.data(), out); });
    });
  });
  return merged;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("merge_task_vectors(Tensor base, Tensor[] models, float[] weights, Tensor?[] masks, float[] scales, int consensus, bool normalize, float lambda) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("merge_task_vectors", mergeTaskVectors); }

}  // namespace tunesmith::merging
