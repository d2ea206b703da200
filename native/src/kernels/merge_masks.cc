// Which elements of a task vector (model minus base) a sparse merge keeps, a bit for each: by magnitude between two ranks (TIES, arXiv 2306.01708;
// Breadcrumbs, 2312.06795), by chance (DARE, 2311.03099), by chance that grows with the rank in the row (DELLA, 2406.11617). With each mask come the
// sums of magnitudes before and after it, which rescaling divides.

#include <torch/library.h>

#include <cstring>

#include "kernels/dispatch_types.h"
#include "kernels/merge_arithmetic.h"
#include "kernels/merge_selection.h"

namespace tunesmith::merging {
namespace {

using Result = std::tuple<at::Tensor, at::Tensor>;

/// Sums of magnitudes of each chunk, so that the total does not depend on the threads.
class Sums {
 public:
  explicit Sums(int64_t parts) : parts_(parts) {}

  template <typename number_t>
  void add(int64_t part, const number_t* differences, const uint8_t* kept, int64_t count) {
    forEachBlock(0, count, [&](int64_t first, int64_t size) { addBlock(parts_[part], differences + first, kept + first, size); });
  }

  at::Tensor total() const {
    auto result = at::zeros({2}, at::kDouble);
    auto* sums = result.mutable_data_ptr<double>();
    for (const auto& part : parts_) {
      sums[0] += part.before;
      sums[1] += part.after;
    }
    return result;
  }

 private:
  struct Part {
    double before = 0, after = 0;
  };

  template <typename number_t>
  static void addBlock(Part& part, const number_t* differences, const uint8_t* kept, int64_t count) {
    constexpr int64_t lanes = 16;
    alignas(64) number_t sizes[blockLength], left[blockLength];
    for (int64_t i = 0; i < count; i++) sizes[i] = std::fabs(differences[i]);
    for (int64_t i = 0; i < count; i++) left[i] = kept[i] ? sizes[i] : number_t(0);
    std::fill(sizes + count, sizes + blockLength, number_t(0));
    std::fill(left + count, left + blockLength, number_t(0));
    number_t before[lanes] = {}, after[lanes] = {};
    for (int64_t i = 0; i < blockLength; i += lanes)
      for (int64_t lane = 0; lane < lanes; lane++) before[lane] += sizes[i + lane];
    for (int64_t i = 0; i < blockLength; i += lanes)
      for (int64_t lane = 0; lane < lanes; lane++) after[lane] += left[i + lane];
    for (int64_t lane = 0; lane < lanes; lane++) {
      part.before += before[lane];
      part.after += after[lane];
    }
  }

  std::vector<Part> parts_;
};

int64_t chunksOf(int64_t total) { return (total + chunkLength - 1) / chunkLength; }

Result magnitudeMask(const at::Tensor& base, const at::Tensor& model, int64_t first, int64_t length, bool descending) {
  checkLike(model, base, "model");
  const int64_t total = base.numel();
  TORCH_CHECK(first >= 0 && length >= 0 && first + length <= total, "ranks: expected from 0 to ", total, ", got ", first, " to ", first + length);
  auto mask = emptyBits(total);
  if (length == 0) return {mask.zero_(), at::zeros({2}, at::kDouble)};
  Sums sums(chunksOf(total));
  TUNESMITH_DISPATCH(base.scalar_type(), "merge_magnitude_mask", [&] {
    const auto *from = base.const_data_ptr<scalar_t>(), *to = model.const_data_ptr<scalar_t>();
    constexpr int bits = std::is_same_v<scalar_t, at::BFloat16> ? 15 : 31;
    constexpr uint32_t greatest = (1u << bits) - 1;
    const uint32_t turned = descending ? greatest : 0;  // of 15 (31) bits: key ^ greatest = greatest - key
    const auto fill = [&](int64_t at, int64_t count, uint32_t* keys) {
      for (int64_t i = 0; i < count; i++) keys[i] = magnitudeKey<scalar_t>(rounded<scalar_t>(widen(to[at + i]) - widen(from[at + i]))) ^ turned;
    };
    const Window window = findWindow(total, first, length, bits, fill);
    auto* out = mask.mutable_data_ptr<uint8_t>();
    forEachInWindow(total, window, fill, [&](int64_t at, int64_t count, uint8_t* kept) {
      alignas(64) Number<scalar_t> differences[blockLength];
      subtract(to + at, from + at, count, differences);
      sums.add(at / chunkLength, differences, kept, count);
      packBits(kept, count, out + at / 8);
    });
  });
  return {mask, sums.total()};
}

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): blockLength random words as a function of the seed and the place; libs/datasets/counter-random.ts
/// has the same function. Counters (block * 256 + i, row, stream, 0) for i < 256; their first words come first, then their second words, …
void randomWords(uint64_t seed, uint32_t block, uint32_t row, uint32_t stream, uint32_t* words) {
  constexpr int64_t counters = blockLength / 4;
  const auto lowKey = static_cast<uint32_t>(seed), highKey = static_cast<uint32_t>(seed >> 32);
  for (uint32_t i = 0; i < counters; i++) {
    uint32_t c0 = block * counters + i, c1 = row, c2 = stream, c3 = 0, key0 = lowKey, key1 = highKey;
    for (int round = 0; round < 10; round++) {
      const uint64_t first = uint64_t(0xd2511f53u) * c0, second = uint64_t(0xcd9e8d57u) * c2;
      const auto firstHigh = static_cast<uint32_t>(first >> 32), secondHigh = static_cast<uint32_t>(second >> 32);
      c0 = secondHigh ^ c1 ^ key0;
      c1 = static_cast<uint32_t>(second);
      c2 = firstHigh ^ c3 ^ key1;
      c3 = static_cast<uint32_t>(first);
      key0 += 0x9e3779b9u;
      key1 += 0xbb67ae85u;
    }
    words[i] = c0;
    words[counters + i] = c1;
    words[2 * counters + i] = c2;
    words[3 * counters + i] = c3;
  }
}

/// A word is below it with this probability.
uint32_t bound(double probability) { return static_cast<uint32_t>(std::clamp(probability * 4294967296.0, 0.0, 4294967295.0)); }

Result randomMask(const at::Tensor& base, const at::Tensor& model, double density, int64_t seed, int64_t stream) {
  checkLike(model, base, "model");
  TORCH_CHECK(density > 0 && density < 1, "density: expected a number between 0 and 1, got ", density);
  const int64_t total = base.numel();
  auto mask = emptyBits(total);
  Sums sums(chunksOf(total));
  const uint32_t below = bound(density);
  TUNESMITH_DISPATCH(base.scalar_type(), "merge_random_mask", [&] {
    const auto *from = base.const_data_ptr<scalar_t>(), *to = model.const_data_ptr<scalar_t>();
    auto* out = mask.mutable_data_ptr<uint8_t>();
    forEachChunk(total, [&](int64_t chunk, int64_t length) {
      forEachBlock(chunk, length, [&](int64_t at, int64_t count) {
        alignas(64) Number<scalar_t> differences[blockLength];
        alignas(64) uint32_t words[blockLength];
        alignas(64) uint8_t kept[blockLength];
        randomWords(static_cast<uint64_t>(seed), static_cast<uint32_t>(at / blockLength), 0, static_cast<uint32_t>(stream), words);
        for (int64_t i = 0; i < blockLength; i++) kept[i] = words[i] < below;
        subtract(to + at, from + at, count, differences);
        sums.add(chunk / chunkLength, differences, kept, count);
        packBits(kept, count, out + at / 8);
      });
    });
  });
  return {mask, sums.total()};
}

/// A key and the place of its element in one number; as small as both allow, since sorting moves it about.
template <typename pair_t>
struct Pairs {
  static constexpr int placeBits = sizeof(pair_t) * 4;
  std::vector<pair_t> sorted, scratch;

  pair_t& operator[](int64_t place) { return sorted[place]; }
  int64_t placeAt(int64_t rank) const { return static_cast<int64_t>(sorted[rank] & ((pair_t(1) << placeBits) - 1)); }

  /// Into the stable ascending order of the keys, of which `bits` bits count.
  void sort(int bits) {
    scratch.resize(sorted.size());
    for (int shift = placeBits; shift < placeBits + bits; shift += 8) {
      uint32_t starts[256] = {};
      for (const auto each : sorted) starts[(each >> shift) & 255]++;
      uint32_t before = 0;
      for (auto& start : starts) before += std::exchange(start, before);
      for (const auto each : sorted) scratch[starts[(each >> shift) & 255]++] = each;
      sorted.swap(scratch);
    }
  }
};

/// The probability of each rank of a row: density - epsilon for the smallest, density + epsilon for the largest, in the arithmetic of the dtype.
template <typename work_t>
std::vector<uint32_t> boundsOfRanks(int64_t length, double density, double epsilon) {
  using number_t = Number<work_t>;
  const auto place = [](int64_t rank) { return rounded<work_t>(rounded<work_t>(static_cast<number_t>(rank)) + number_t(1)); };
  const number_t span = rounded<work_t>(place(length - 1) - place(0));
  std::vector<uint32_t> bounds(length);
  for (int64_t rank = 0; rank < length; rank++) {
    if (span == 0) {
      bounds[rank] = bound(density);
      continue;
    }
    const number_t share = std::clamp(rounded<work_t>(rounded<work_t>(place(rank) - place(0)) / span), number_t(0), number_t(1));
    const number_t spread = rounded<work_t>(rounded<work_t>(share * number_t(2)) * static_cast<number_t>(epsilon));
    bounds[rank] = bound(rounded<work_t>(spread + static_cast<number_t>(density - epsilon)));
  }
  return bounds;
}

struct Row {
  int64_t index, width;
  int bits;
  uint64_t seed;
  uint32_t stream;
};

/// The marks of one row. The rank-th smallest takes the rank-th word: the same chance whatever place it has.
template <typename scalar_t, typename pair_t>
void markRow(const Row& row, const Number<scalar_t>* differences, const std::vector<uint32_t>& bounds, Pairs<pair_t>& pairs, uint8_t* marks) {
  pairs.sorted.resize(row.width);
  for (int64_t i = 0; i < row.width; i++) pairs[i] = (static_cast<pair_t>(magnitudeKey<scalar_t>(differences[i])) << Pairs<pair_t>::placeBits) | static_cast<pair_t>(i);
  pairs.sort(row.bits);
  alignas(64) uint32_t words[blockLength];
  for (int64_t first = 0; first < row.width; first += blockLength) {
    randomWords(row.seed, static_cast<uint32_t>(first / blockLength), static_cast<uint32_t>(row.index), row.stream, words);
    const int64_t count = std::min(blockLength, row.width - first);
    for (int64_t i = 0; i < count; i++) marks[pairs.placeAt(first + i)] = words[i] < bounds[first + i];
  }
}

Result rankMask(const at::Tensor& base, const at::Tensor& model, double density, double epsilon, int64_t seed, int64_t stream) {
  checkLike(model, base, "model");
  TORCH_CHECK(density - epsilon > 0 && density + epsilon < 1, "density and epsilon: expected density - epsilon above 0 and density + epsilon below 1, got ", density, " and ", epsilon);
  const int64_t total = base.numel(), rows = base.dim() < 2 ? 1 : base.size(0), width = rows == 0 ? 0 : total / rows;
  auto kept = at::empty({(total + 7) / 8 * 8}, at::kByte);
  auto mask = emptyBits(total);
  Sums sums(std::max<int64_t>(rows, 1));
  TUNESMITH_DISPATCH(base.scalar_type(), "merge_rank_mask", [&] {
    using work_t = std::conditional_t<std::is_same_v<scalar_t, at::BFloat16>, at::BFloat16, float>;
    const auto *from = base.const_data_ptr<scalar_t>(), *to = model.const_data_ptr<scalar_t>();
    constexpr int bits = std::is_same_v<scalar_t, at::BFloat16> ? 15 : 31;
    const auto bounds = boundsOfRanks<work_t>(width, density, epsilon);
    auto* marks = kept.mutable_data_ptr<uint8_t>();
    at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
      Pairs<uint32_t> small;
      Pairs<uint64_t> large;
      std::vector<Number<scalar_t>> differences(width);
      for (int64_t row = begin; row < end; row++) {
        subtract(to + row * width, from + row * width, width, differences.data());
        const Row place{row, width, bits, static_cast<uint64_t>(seed), static_cast<uint32_t>(stream)};
        if (bits < 16 && width <= 1 << 16)
          markRow<scalar_t>(place, differences.data(), bounds, small, marks + row * width);
        else
          markRow<scalar_t>(place, differences.data(), bounds, large, marks + row * width);
        sums.add(row, differences.data(), marks + row * width, width);
      }
    });
    auto* out = mask.mutable_data_ptr<uint8_t>();
    forEachChunk(total, [&](int64_t first, int64_t count) { packBits(marks + first, count, out + first / 8); });
  });
  return {mask, sums.total()};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("merge_magnitude_mask(Tensor base, Tensor model, int first, int length, bool descending) -> (Tensor, Tensor)");
  library.def("merge_random_mask(Tensor base, Tensor model, float density, int seed, int stream) -> (Tensor, Tensor)");
  library.def("merge_rank_mask(Tensor base, Tensor model, float density, float epsilon, int seed, int stream) -> (Tensor, Tensor)");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) {
  library.impl("merge_magnitude_mask", magnitudeMask);
  library.impl("merge_random_mask", randomMask);
  library.impl("merge_rank_mask", rankMask);
}

}  // namespace tunesmith::merging
