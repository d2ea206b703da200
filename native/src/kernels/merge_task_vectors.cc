// Task vectors (model minus base) weighed, where asked held to the sign of the majority, and added to the base in one pass over the models: task
// arithmetic (arXiv 2212.04089) and its sparse kin, TIES (2306.01708), SCE (2408.07990).

#include <torch/library.h>

#include <memory>

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

/// Elements that go through all steps together: what is decided for each model is decided half as often as for eight.
constexpr int64_t together = 2 * lanes;

/// The first `count` of so many elements.
template <typename scalar_t, Consensus consensus>
[[gnu::always_inline]] inline void mergeLanes(const scalar_t* base, const Member<scalar_t>* members, size_t memberCount, int64_t first, int64_t count, const Plan& plan, Number<scalar_t> divisor,
                                              Numbers<scalar_t> (*terms)[2], scalar_t* out) {
  using number_t = Number<scalar_t>;
  using Vector = Numbers<scalar_t>;
  using Bits = NumberBits<scalar_t>;
  constexpr bool plain = consensus == Consensus::plain;
  const auto each = [](auto step) {
    step(0);
    step(1);
  };
  Vector from[2], sum[2] = {}, weights[2] = {};
  each([&](int half) { from[half] = loadLanes(base + first + half * lanes, count - half * lanes); });
  for (size_t m = 0; m < memberCount; m++) {
    const auto& member = members[m];
    Vector term[2];
    each([&](int half) { term[half] = roundedLanes<scalar_t>(loadLanes(member.model + first + half * lanes, count - half * lanes) - from[half]); });
    if (member.mask) {
      each([&](int half) { term[half] = where<scalar_t>(marksOfBits(half * lanes < count ? member.mask[first / lanes + half] : 0), term[half]); });
      if (member.scale != 1) each([&](int half) { term[half] = roundedLanes<scalar_t>(term[half] * member.scale); });
    }
    each([&](int half) {
      if constexpr (!plain) term[half] = roundedLanes<scalar_t>(term[half] * member.weight);
      terms[m][half] = term[half];
      sum[half] += term[half];
    });
  }
  if constexpr (consensus != Consensus::none) {
    // The majority is the sign of the sum of votes; a tie counts as positive. Where it is negative, what agrees is positive once its sign is turned.
    Bits turned[2];
    each([&](int half) {
      turned[half] = std::bit_cast<Bits>(roundedLanes<scalar_t>(sum[half]) < number_t(0)) & ~(~Bits{} >> 1);
      sum[half] = Vector{};
    });
    for (size_t m = 0; m < memberCount; m++) {
      const auto weight = members[m].weight;
      each([&](int half) {
        const auto agrees = marksOf(std::bit_cast<Vector>(std::bit_cast<Bits>(terms[m][half]) ^ turned[half]) > number_t(0));
        sum[half] += where<scalar_t>(agrees, plain ? roundedLanes<scalar_t>(terms[m][half] * weight) : terms[m][half]);
        if (plan.normalize) weights[half] += where<scalar_t>(agrees, Vector{} + weight);
      });
    }
  }
  each([&](int half) {
    auto merged = roundedLanes<scalar_t>(sum[half]);
    if (plan.normalize) {
      auto by = roundedLanes<scalar_t>(weights[half]);
      if constexpr (consensus == Consensus::none) {
        by = Vector{} + divisor;
      } else if constexpr (plain) {
        const auto floor = Vector{} + rounded<scalar_t>(number_t(1e-6));
        by = by > floor ? by : floor;
      } else {
        by = by != number_t(0) ? by : Vector{} + number_t(1);
      }
      merged = roundedLanes<scalar_t>(merged / by);
    }
    if (plan.lambda != 1) merged = roundedLanes<scalar_t>(merged * static_cast<number_t>(plan.lambda));
    storeLanes<scalar_t>(roundedLanes<scalar_t>(from[half] + merged), out + first + half * lanes, count - half * lanes);
  });
}

template <typename scalar_t, Consensus consensus>
void mergeChunk(const scalar_t* base, const std::vector<Member<scalar_t>>& members, int64_t first, int64_t count, const Plan& plan, Number<scalar_t> divisor, scalar_t* out) {
  const size_t memberCount = members.size();
  const auto terms = std::make_unique<Numbers<scalar_t>[][2]>(memberCount);
  const int64_t whole = count / together * together;
  for (int64_t done = 0; done < whole; done += together) mergeLanes<scalar_t, consensus>(base, members.data(), memberCount, first + done, together, plan, divisor, terms.get(), out);
  if (whole < count) mergeLanes<scalar_t, consensus>(base, members.data(), memberCount, first + whole, count - whole, plan, divisor, terms.get(), out);
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
