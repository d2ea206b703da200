#pragma once
// Which elements stand between two ranks of a stable sort, without sorting: a histogram of keys finds the keys at both ends (one pass for 16-bit
// types, two for others), and the elements that have these very keys are counted in their order.

#include "kernels/merge_arithmetic.h"

namespace tunesmith::merging {

/// The key at one end of the window, and how many elements with this key come before the end.
struct WindowEnd {
  uint32_t key = 0;
  int64_t among = 0;
};

/// What of each key is kept: keys between the ends wholly, of the ends' keys those whose place among their like is in range.
class Window {
 public:
  Window(WindowEnd start, WindowEnd stop) : start_(start), stop_(stop) {}
  uint32_t startKey() const { return start_.key; }
  uint32_t stopKey() const { return stop_.key; }

  /// kept[i] = 1 where element i is in the window. The two counters say how many elements with the ends' keys came before, and go on.
  void mark(const uint32_t* keys, int64_t count, int64_t& atStart, int64_t& atStop, uint8_t* kept) const {
    const uint32_t low = start_.key, high = stop_.key;
    for (int64_t i = 0; i < count; i++) kept[i] = keys[i] > low && keys[i] < high;
    // Elements with the ends' keys are few: whole stretches have none.
    constexpr int64_t stretch = 32;
    for (int64_t first = 0; first < count; first += stretch) {
      const int64_t last = std::min(count, first + stretch);
      uint32_t ends = 0;
      for (int64_t i = first; i < last; i++) ends |= static_cast<uint32_t>(keys[i] == low) | static_cast<uint32_t>(keys[i] == high);
      if (ends == 0) continue;
      for (int64_t i = first; i < last; i++) {
        const bool isStart = keys[i] == low, isStop = keys[i] == high;
        if (!isStart && !isStop) continue;
        kept[i] = (!isStart || atStart >= start_.among) && (!isStop || atStop < stop_.among);
        atStart += isStart;
        atStop += isStop;
      }
    }
  }

 private:
  WindowEnd start_, stop_;
};

/// Where the ranks `first` and `first + length` (length > 0, both within the elements) lie in the ascending order of keys of `bits` bits.
/// fill(first, count, keys) writes the keys of a block.
template <typename Fill>
Window findWindow(int64_t total, int64_t first, int64_t length, int bits, Fill fill) {
  constexpr int digits = 16;
  const int shift = std::max(0, bits - digits);
  const int64_t bins = int64_t(1) << std::min(bits, digits);
  const int threads = at::get_num_threads();
  const int64_t chunks = (total + chunkLength - 1) / chunkLength;

  // Counts of what pick(key) gives (a bin, or a negative number for nothing), in two tables that take turns: equal neighbours would wait for each other.
  const auto count = [&](auto pick) {
    std::vector<std::vector<uint32_t>> tables(2 * threads);
    at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t thread = begin; thread < end; thread++) {
        auto &even = tables[2 * thread], &odd = tables[2 * thread + 1];
        even.assign(bins, 0);
        odd.assign(bins, 0);
        for (int64_t chunk = thread * chunks / threads; chunk < (thread + 1) * chunks / threads; chunk++)
          forEachBlock(chunk * chunkLength, std::min(chunkLength, total - chunk * chunkLength), [&](int64_t at, int64_t size) {
            alignas(64) uint32_t keys[blockLength];
            fill(at, size, keys);
            pick(keys, size, even.data(), odd.data());
          });
      }
    });
    std::vector<int64_t> sum(bins, 0);
    for (const auto& table : tables)
      for (int64_t bin = 0; bin < static_cast<int64_t>(table.size()); bin++) sum[bin] += table[bin];
    return sum;
  };
  struct Found {
    int64_t bin, before;
  };
  const auto find = [](const std::vector<int64_t>& counts, int64_t rank) {
    int64_t before = 0;
    for (size_t bin = 0; bin < counts.size(); bin++) {
      if (rank < before + counts[bin]) return Found{static_cast<int64_t>(bin), before};
      before += counts[bin];
    }
    return Found{static_cast<int64_t>(counts.size()) - 1, before};
  };

  const auto upper = count([shift](const uint32_t* keys, int64_t size, uint32_t* even, uint32_t* odd) {
    int64_t i = 0;
    for (; i + 2 <= size; i += 2) {
      even[keys[i] >> shift]++;
      odd[keys[i + 1] >> shift]++;
    }
    if (i < size) even[keys[i] >> shift]++;
  });
  // The last element of the window rather than the first behind it: that one may not exist.
  const Found start = find(upper, first), stop = find(upper, first + length - 1);
  const auto end = [&](const Found& found, int64_t rank) {
    if (shift == 0) return WindowEnd{static_cast<uint32_t>(found.bin), rank - found.before};
    const auto lower = count([&](const uint32_t* keys, int64_t size, uint32_t* even, uint32_t*) {
      for (int64_t i = 0; i < size; i++)
        if (keys[i] >> shift == found.bin) even[keys[i] & ((1u << shift) - 1)]++;
    });
    const Found within = find(lower, rank - found.before);
    return WindowEnd{static_cast<uint32_t>((found.bin << shift) + within.bin), rank - found.before - within.before};
  };
  WindowEnd startEnd = end(start, first), stopEnd = end(stop, first + length - 1);
  stopEnd.among += 1;
  return {startEnd, stopEnd};
}

/// Calls use(at, count, kept) for each block, kept[i] = 1 where element i is in the window; blocks in any order, on all threads.
template <typename Fill, typename Use>
void forEachInWindow(int64_t total, const Window& window, Fill fill, Use use) {
  const int64_t chunks = (total + chunkLength - 1) / chunkLength;
  std::vector<int64_t> atStart(chunks + 1, 0), atStop(chunks + 1, 0);
  forEachChunk(total, [&](int64_t chunk, int64_t length) {
    int64_t starts = 0, stops = 0;
    forEachBlock(chunk, length, [&](int64_t at, int64_t size) {
      alignas(64) uint32_t keys[blockLength];
      fill(at, size, keys);
      uint32_t low = 0, high = 0;
      for (int64_t i = 0; i < size; i++) {
        low += keys[i] == window.startKey();
        high += keys[i] == window.stopKey();
      }
      starts += low;
      stops += high;
    });
    atStart[chunk / chunkLength + 1] = starts;
    atStop[chunk / chunkLength + 1] = stops;
  });
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    atStart[chunk + 1] += atStart[chunk];
    atStop[chunk + 1] += atStop[chunk];
  }
  forEachChunk(total, [&](int64_t chunk, int64_t length) {
    int64_t starts = atStart[chunk / chunkLength], stops = atStop[chunk / chunkLength];
    forEachBlock(chunk, length, [&](int64_t at, int64_t size) {
      alignas(64) uint32_t keys[blockLength];
      alignas(64) uint8_t kept[blockLength];
      fill(at, size, keys);
      window.mark(keys, size, starts, stops, kept);
      use(at, size, kept);
    });
  });
}

}  // namespace tunesmith::merging
