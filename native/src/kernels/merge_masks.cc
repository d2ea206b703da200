// Which elements of a task vector (model minus base) a sparse merge keeps, a bit for each: by magnitude between two ranks (TIES, arXiv 2306.01708;
// Breadcrumbs, 2312.06795), by chance (DARE, 2311.03099), by chance that grows with the rank in the row (DELLA, 2406.11617). With each mask come the
// sums of magnitudes before and after it, which rescaling divides.

#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/merge_lanes.h"
#include "kernels/merge_selection.h"

namespace tunesmith::merging {
namespace {

using Result = std::tuple<at::Tensor, at::Tensor>;

/// Sums of magnitudes of each chunk, so that the total does not depend on the threads.
class Sums {
 public:
  explicit Sums(int64_t parts) : parts_(parts) {}

  /// Adds the magnitudes of model - base; marksAt(i) says which of the eight elements from `i` on are kept.
  template <typename scalar_t, typename MarksAt>
  void add(int64_t part, const scalar_t* model, const scalar_t* base, int64_t count, MarksAt marksAt) {
    forEachBlock(0, count, [&](int64_t first, int64_t size) {
      // Sixteen sums, whatever the machine: their order is part of the result.
      Numbers<scalar_t> before[2] = {}, after[2] = {};
      const auto step = [&](int64_t i, int half) {
        const auto sizes = magnitudes<scalar_t>(roundedLanes<scalar_t>(loadLanes(model + first + i, size - i) - loadLanes(base + first + i, size - i)));
        before[half] += sizes;
        after[half] += where<scalar_t>(marksAt(first + i), sizes);
      };
      for (int64_t i = 0; i < size; i += 2 * lanes) {
        step(i, 0);
        if (i + lanes < size) step(i + lanes, 1);
      }
      for (int64_t lane = 0; lane < 2 * lanes; lane++) {
        parts_[part].before += before[lane / lanes][lane % lanes];
        parts_[part].after += after[lane / lanes][lane % lanes];
      }
    });
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
      packBits(kept, count, out + at / 8);
      sums.add(at / chunkLength, to + at, from + at, count, [kept](int64_t i) { return marksOfBytes(kept + i); });
    });
  });
  return {mask, sums.total()};
}

/// Four counters, one in the lower half of each lane; upper halves hold anything.
using Counters = uint64_t __attribute__((vector_size(32)));

/// Of the lower halves, whole.
inline Counters product(Counters one, Counters other) {
#if defined(__AVX2__)
  return reinterpret_cast<Counters>(_mm256_mul_epu32(reinterpret_cast<__m256i>(one), reinterpret_cast<__m256i>(other)));
#else
  return (one & 0xffffffffu) * (other & 0xffffffffu);
#endif
}

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): blockLength random words as a function of the seed and the place; libs/datasets/counter-random.ts
/// has the same function. Counters (block * 256 + i, row, stream, 0) for i < 256; their first words come first, then their second words, …
void randomWords(uint64_t seed, uint32_t block, uint32_t row, uint32_t stream, uint32_t* words) {
  constexpr uint32_t counters = blockLength / 4, rounds = 10;
  Counters keys[rounds][2];
  for (uint32_t round = 0; round < rounds; round++) {
    keys[round][0] = Counters{} + (static_cast<uint32_t>(seed) + round * 0x9e3779b9u);
    keys[round][1] = Counters{} + (static_cast<uint32_t>(seed >> 32) + round * 0xbb67ae85u);
  }
  for (uint32_t i = 0; i < counters; i += 2 * 4) {
    // In the order in which the lower halves of two vectors are joined below.
    const Counters first = Counters{} + (block * counters + i);
    Counters state[2][4] = {{first + Counters{0, 1, 4, 5}, Counters{} + row, Counters{} + stream, {}}, {first + Counters{2, 3, 6, 7}, Counters{} + row, Counters{} + stream, {}}};
#pragma GCC unroll 10
    for (uint32_t round = 0; round < rounds; round++)
      for (auto& c : state) {
        const Counters one = product(c[0], Counters{} + 0xd2511f53u), other = product(c[2], Counters{} + 0xcd9e8d57u);
        c[0] = (other >> 32) ^ c[1] ^ keys[round][0];
        c[1] = other;
        c[2] = (one >> 32) ^ c[3] ^ keys[round][1];
        c[3] = one;
      }
    for (uint32_t word = 0; word < 4; word++) {
      const Words joined = __builtin_shufflevector(std::bit_cast<Words>(state[0][word]), std::bit_cast<Words>(state[1][word]), 0, 2, 8, 10, 4, 6, 12, 14);
      std::memcpy(words + word * counters + i, &joined, sizeof joined);
    }
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
        alignas(64) uint32_t words[blockLength];
        randomWords(static_cast<uint64_t>(seed), static_cast<uint32_t>(at / blockLength), 0, static_cast<uint32_t>(stream), words);
        sums.add(chunk / chunkLength, to + at, from + at, count, [&](int64_t i) {
          const Marks kept = loadVector<Words>(words + i) < below;
          out[(at + i) / 8] = bitsOf(kept) & static_cast<uint8_t>(255 >> std::max<int64_t>(0, lanes - (count - i)));
          return kept;
        });
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

/// Which ranks of a row are kept. The rank-th smallest takes the rank-th word: the same chance whatever place it has.
void keepRanks(const Row& row, const std::vector<uint32_t>& bounds, uint8_t* kept) {
  alignas(64) uint32_t words[blockLength];
  for (int64_t first = 0; first < row.width; first += blockLength) {
    randomWords(row.seed, static_cast<uint32_t>(first / blockLength), static_cast<uint32_t>(row.index), row.stream, words);
    const int64_t count = std::min(blockLength, row.width - first);
    for (int64_t i = 0; i < count; i++) kept[first + i] = words[i] < bounds[first + i];
  }
}

/// The marks of one row, by sorting it.
template <typename scalar_t, typename pair_t>
void markSorted(const Row& row, const Number<scalar_t>* differences, const uint8_t* kept, Pairs<pair_t>& pairs, uint8_t* marks) {
  pairs.sorted.resize(row.width);
  for (int64_t i = 0; i < row.width; i++) pairs[i] = (static_cast<pair_t>(magnitudeKey<scalar_t>(differences[i])) << Pairs<pair_t>::placeBits) | static_cast<pair_t>(i);
  pairs.sort(row.bits);
  for (int64_t rank = 0; rank < row.width; rank++) marks[pairs.placeAt(rank)] = kept[rank];
}

/// Counts before each place become sums of all before it.
void sumsBefore(uint16_t* counts, int64_t places) {
  using Counts = uint16_t __attribute__((vector_size(16)));
  constexpr Counts none = {};
  Counts before = {};
  for (int64_t place = 0; place < places; place += 8) {
    const auto own = loadVector<Counts>(counts + place);
    auto sum = own + __builtin_shufflevector(none, own, 0, 8, 9, 10, 11, 12, 13, 14);
    sum += __builtin_shufflevector(none, sum, 0, 1, 8, 9, 10, 11, 12, 13);
    sum += __builtin_shufflevector(none, sum, 0, 1, 2, 3, 8, 9, 10, 11);
    sum += before;
    const Counts exclusive = sum - own;
    std::memcpy(counts + place, &exclusive, sizeof exclusive);
    before = __builtin_shufflevector(sum, sum, 7, 7, 7, 7, 7, 7, 7, 7);
  }
}

/// Ranks of a row of bfloat16 without sorting it: the magnitudes of a row lie within a few octaves, of 128 numbers each, so that a count of each
/// number fits in the nearest cache.
class CountedRanks {
 public:
  explicit CountedRanks(int64_t width) : keys_(width) {}

  /// False, and nothing done, where there are too many numbers between the smallest (but zero) and the largest.
  template <typename number_t>
  bool mark(const number_t* differences, const uint8_t* kept, uint8_t* marks) {
    const auto width = static_cast<int64_t>(keys_.size());
    if (width > 65535) return false;
    uint16_t most = 0, least = 65535;
    for (int64_t i = 0; i < width; i++) keys_[i] = static_cast<uint16_t>(magnitudeKey<at::BFloat16>(static_cast<float>(differences[i])));
    for (int64_t i = 0; i < width; i++) most = std::max(most, keys_[i]);
    for (int64_t i = 0; i < width; i++) least = std::min(least, static_cast<uint16_t>(keys_[i] - 1));  // of zero: the greatest
    const uint16_t shift = most == 0 ? 0 : least;
    const int64_t places = (most - shift + 1 + 7) / 8 * 8;
    if (places > std::min<int64_t>(16384, 8 * width)) return false;
    for (int64_t i = 0; i < width; i++) keys_[i] = static_cast<uint16_t>(std::max(keys_[i], shift) - shift);
    counts_.assign(places, 0);
    for (int64_t i = 0; i < width; i++) counts_[keys_[i]]++;
    sumsBefore(counts_.data(), places);
    for (int64_t i = 0; i < width; i++) marks[i] = kept[counts_[keys_[i]]++];
    return true;
  }

 private:
  std::vector<uint16_t> keys_, counts_;
};

Result rankMask(const at::Tensor& base, const at::Tensor& model, double density, double epsilon, int64_t seed, int64_t stream) {
  checkLike(model, base, "model");
  TORCH_CHECK(density - epsilon > 0 && density + epsilon < 1, "density and epsilon: expected density - epsilon above 0 and density + epsilon below 1, got ", density, " and ", epsilon);
  const int64_t total = base.numel(), rows = base.dim() < 2 ? 1 : base.size(0), width = rows == 0 ? 0 : total / rows;
  auto mask = emptyBits(total);
  Sums sums(std::max<int64_t>(rows, 1));
  TUNESMITH_DISPATCH(base.scalar_type(), "merge_rank_mask", [&] {
    using work_t = std::conditional_t<std::is_same_v<scalar_t, at::BFloat16>, at::BFloat16, float>;
    const auto *from = base.const_data_ptr<scalar_t>(), *to = model.const_data_ptr<scalar_t>();
    constexpr int bits = std::is_same_v<scalar_t, at::BFloat16> ? 15 : 31;
    const auto bounds = boundsOfRanks<work_t>(width, density, epsilon);
    auto* out = mask.mutable_data_ptr<uint8_t>();
    // Eight rows at a time have whole bytes of bits; and several times eight, where rows are short.
    const int64_t height = 8 * std::max<int64_t>(1, 4096 / std::max<int64_t>(8 * width, 1)), groups = (rows + height - 1) / height;
    shareOut(groups, [&](auto next) {
      Pairs<uint32_t> small;
      Pairs<uint64_t> large;
      CountedRanks counted(width);
      std::vector<Number<scalar_t>> differences(width);
      std::vector<uint8_t> kept(width), marks(height * width + lanes);
      for (int64_t group; (group = next()) >= 0;) {
        const int64_t first = height * group, last = std::min(rows, first + height);
        for (int64_t row = first; row < last; row++) {
          const Row place{row, width, bits, static_cast<uint64_t>(seed), static_cast<uint32_t>(stream)};
          auto* own = marks.data() + (row - first) * width;
          subtract(to + row * width, from + row * width, width, differences.data());
          keepRanks(place, bounds, kept.data());
          bool done = false;
          if constexpr (std::is_same_v<scalar_t, at::BFloat16>) done = counted.mark(differences.data(), kept.data(), own);
          if (done) continue;
          if (bits < 16 && width <= 1 << 16)
            markSorted<scalar_t>(place, differences.data(), kept.data(), small, own);
          else
            markSorted<scalar_t>(place, differences.data(), kept.data(), large, own);
        }
        for (int64_t row = first; row < last; row++) {
          const auto* own = marks.data() + (row - first) * width;
          sums.add(row, to + row * width, from + row * width, width, [own](int64_t i) { return marksOfBytes(own + i); });
        }
        packBits(marks.data(), (last - first) * width, out + first * width / 8);
      }
    });
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
