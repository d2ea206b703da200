// Task vectors (model minus base) weighed, where asked held to the sign of the majority, and added to the base in one pass over the models: task
// arithmetic (arXiv 2212.04089) and its sparse kin, TIES (2306.01708), SCE (2408.07990).

#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/merge_lanes.h"

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

/// Eight elements (the first `count` of them), or as many as there are.
template <typename scalar_t, Consensus consensus>
inline void mergeLanes(const scalar_t* base, const std::vector<Member<scalar_t>>& members, int64_t first, int64_t count, const Plan& plan, Number<scalar_t> divisor, Numbers<scalar_t>* terms, scalar_t* out) {
  using number_t = Number<scalar_t>;
  using Vector = Numbers<scalar_t>;
  constexpr bool plain = consensus == Consensus::plain;
  const auto from = loadLanes(base + first, count);
  Vector sum{}, weights{};
  for (size_t m = 0; m < members.size(); m++) {
    const auto& member = members[m];
    auto term = roundedLanes<scalar_t>(loadLanes(member.model + first, count) - from);
    if (member.mask) {
      term = where<scalar_t>(marksOfBits(member.mask[first / lanes]), term);
      if (member.scale != 1) term = roundedLanes<scalar_t>(term * member.scale);
    }
    if constexpr (!plain) term = roundedLanes<scalar_t>(term * member.weight);
    terms[m] = term;
    sum += term;
  }
  if constexpr (consensus != Consensus::none) {
    // The majority is the sign of the sum of votes; a tie counts as positive. Where it is negative, what agrees is positive once its sign is turned.
    using Bits = NumberBits<scalar_t>;
    const auto turned = std::bit_cast<Bits>(roundedLanes<scalar_t>(sum) < number_t(0)) & ~(~Bits{} >> 1);
    sum = Vector{};
    for (size_t m = 0; m < members.size(); m++) {
      const auto weight = members[m].weight;
      const auto agrees = marksOf(std::bit_cast<Vector>(std::bit_cast<Bits>(terms[m]) ^ turned) > number_t(0));
      sum += where<scalar_t>(agrees, plain ? roundedLanes<scalar_t>(terms[m] * weight) : terms[m]);
      weights += where<scalar_t>(agrees, Vector{} + weight);
    }
  }
  sum = roundedLanes<scalar_t>(sum);
  if (plan.normalize) {
    weights = roundedLanes<scalar_t>(weights);
    if constexpr (consensus == Consensus::none) {
      weights = Vector{} + divisor;
    } else if constexpr (plain) {
      const auto floor = Vector{} + rounded<scalar_t>(number_t(1e-6));
      weights = weights > floor ? weights : floor;
    } else {
      weights = weights != number_t(0) ? weights : Vector{} + number_t(1);
    }
    sum = roundedLanes<scalar_t>(sum / weights);
  }
  if (plan.lambda != 1) sum = roundedLanes<scalar_t>(sum * static_cast<number_t>(plan.lambda));
  storeLanes<scalar_t>(roundedLanes<scalar_t>(from + sum), out + first, count);
}

template <typename scalar_t, Consensus consensus>
void mergeChunk(const scalar_t* base, const std::vector<Member<scalar_t>>& members, int64_t first, int64_t count, const Plan& plan, Number<scalar_t> divisor, scalar_t* out) {
  std::vector<Numbers<scalar_t>> terms(members.size());
  const int64_t whole = count / lanes * lanes;
  for (int64_t done = 0; done < whole; done += lanes) mergeLanes<scalar_t, consensus>(base, members, first + done, lanes, plan, divisor, terms.data(), out);
  if (whole < count) mergeLanes<scalar_t, consensus>(base, members, first + whole, count - whole, plan, divisor, terms.data(), out);
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
    const auto mergeChunkBy = plan.consensus == Consensus::none       ? mergeChunk<scalar_t, Consensus::none>
                              : plan.consensus == Consensus::weighted ? mergeChunk<scalar_t, Consensus::weighted>
                                                                      : mergeChunk<scalar_t, Consensus::plain>;
    forEachChunk(base.numel(), [&](int64_t first, int64_t length) { mergeChunkBy(from, members, first, length, plan, divisor, out); });
  });
  return merged;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("merge_task_vectors(Tensor base, Tensor[] models, float[] weights, Tensor?[] masks, float[] scales, int consensus, bool normalize, float lambda) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("merge_task_vectors", mergeTaskVectors); }

}  // namespace tunesmith::merging
