// Q2_K to Q6_K: super-blocks of 256 numbers, whose blocks of 16 or 32 have scales (and offsets) of a few bits of their own.

#include "kernels/gguf_blocks.h"

#include <cmath>

#include "kernels/gguf_fits.h"
#include "kernels/gguf_half.h"

namespace tunesmith::gguf {
namespace {

constexpr int superBlock = 256;

/// Sixteen blocks of `n` numbers, turned so that each lies in a lane: one super-block, or two.
template <int n>
struct Group {
  static constexpr int supers = n * laneCount / superBlock;
  static constexpr int blocks = superBlock / n;

  Floats x[n], importance[n];
  /// Twice or once the mean square of the lane's super-block.
  Floats squares;

  /// The super-blocks from `index` on; beyond the last one it is taken again.
  void load(const Rows& rows, int64_t index, int64_t last, float factor) {
    const int64_t perRow = rows.columns / superBlock;
    const float *from[laneCount], *weights[laneCount];
    for (int super = 0; super < supers; super++) {
      const int64_t at = std::min(index + super, last);
      for (int block = 0; block < blocks; block++) {
        from[super * blocks + block] = rows.values + at * superBlock + block * n;
        weights[super * blocks + block] = rows.importance + (rows.importance ? (at % perRow) * superBlock + block * n : 0);
      }
      if (!rows.importance) continue;
      float sum = 0;
      for (int i = 0; i < superBlock; i++) sum += rows.values[at * superBlock + i] * rows.values[at * superBlock + i];
      for (int block = 0; block < blocks; block++) squares[super * blocks + block] = factor * sum / superBlock;
    }
    gather(from, n, x);
    if (rows.importance) gather(weights, n, importance);
  }

  /// importance * sqrt(mean square + x^2)
  void weigh(Floats* weights) const {
    for (int i = 0; i < n; i++) weights[i] = importance[i] * squareRoot(squares + x[i] * x[i]);
  }
};

template <int n>
Floats sumOf(const Floats* numbers) {
  Floats sum{};
  for (int i = 0; i < n; i++) sum += numbers[i];
  return sum;
}

/// The levels of a group as bytes, lane by lane.
template <int n>
void spread(const Ints* levels, uint8_t* bytes) {
  for (int lane = 0; lane < laneCount; lane++) {
    for (int i = 0; i < n; i++) bytes[lane * n + i] = static_cast<uint8_t>(levels[i][lane]);
  }
}

/// Calls `encode(index, supers)` for each group of super-blocks.
template <int n, typename Function>
void forEachGroup(const Rows& rows, Function&& encode) {
  const int64_t supers = rows.count * rows.columns / superBlock;
  for (int64_t index = 0; index < supers; index += Group<n>::supers) encode(index, supers - 1);
}

void packTwoBits(const uint8_t* level, uint8_t* out) {
  for (int half = 0; half < superBlock; half += 128) {
    for (int i = 0; i < 32; i++) {
      const uint8_t* l = level + half + i;
      out[half / 4 + i] = static_cast<uint8_t>(l[0] | l[32] << 2 | l[64] << 4 | l[96] << 6);
    }
  }
}

/// Eight scales and offsets of six bits in twelve bytes.
void packSixBits(const uint8_t* scale, const uint8_t* minimum, uint8_t* out) {
  for (int j = 0; j < 4; j++) {
    out[j] = scale[j];
    out[j + 4] = minimum[j];
  }
  for (int j = 4; j < 8; j++) {
    out[j + 4] = static_cast<uint8_t>((scale[j] & 15) | (minimum[j] & 15) << 4);
    out[j - 4] = static_cast<uint8_t>(out[j - 4] | (scale[j] >> 4) << 6);
    out[j] = static_cast<uint8_t>(out[j] | (minimum[j] >> 4) << 6);
  }
}

void unpackSixBits(const uint8_t* packed, int j, uint8_t& scale, uint8_t& minimum) {
  if (j < 4) {
    scale = packed[j] & 63;
    minimum = packed[j + 4] & 63;
  } else {
    scale = static_cast<uint8_t>((packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4);
    minimum = static_cast<uint8_t>(packed[j + 4] >> 4 | (packed[j] >> 6) << 4);
  }
}

/// Levels of four bits, half of each 64 below, half above.
void packNibbles(const uint8_t* level, uint8_t* out) {
  for (int j = 0; j < superBlock; j += 64) {
    for (int i = 0; i < 32; i++) out[j / 2 + i] = static_cast<uint8_t>((level[j + i] & 15) | (level[j + i + 32] & 15) << 4);
  }
}

void packQ2_K(const uint8_t* level, uint8_t* block) { packTwoBits(level, block + 16); }

void packQ3_K(const uint8_t* level, uint8_t* block) {
  uint8_t low[superBlock];
  for (int i = 0; i < superBlock; i++) low[i] = level[i] & 3;
  for (int i = 0; i < 32; i++) {
    int mask = 0;
    for (int j = 0; j < 8; j++) mask |= (level[j * 32 + i] >> 2) << j;
    block[i] = static_cast<uint8_t>(mask);
  }
  packTwoBits(low, block + 32);
}

void packQ4_K(const uint8_t* level, uint8_t* block) { packNibbles(level, block + 16); }

void packQ5_K(const uint8_t* level, uint8_t* block) {
  for (int i = 0; i < 32; i++) {
    int high = 0;
    for (int j = 0; j < 8; j++) high |= (level[j * 32 + i] >> 4) << j;
    block[16 + i] = static_cast<uint8_t>(high);
  }
  packNibbles(level, block + 48);
}

void packQ6_K(const uint8_t* level, uint8_t* block) {
  for (int half = 0; half < 2; half++) {
    const uint8_t* l = level + half * 128;
    for (int i = 0; i < 32; i++) {
      block[half * 64 + i] = static_cast<uint8_t>((l[i] & 15) | (l[i + 64] & 15) << 4);
      block[half * 64 + 32 + i] = static_cast<uint8_t>((l[i + 32] & 15) | (l[i + 96] & 15) << 4);
      block[128 + half * 32 + i] = static_cast<uint8_t>(l[i] >> 4 | (l[i + 32] >> 4) << 2 | (l[i + 64] >> 4) << 4 | (l[i + 96] >> 4) << 6);
    }
  }
}

/// Largest of some scales, none below zero counting.
float largestOf(const float* scales, int count) {
  float most = 0;
  for (int j = 0; j < count; j++) most = scales[j] > most ? scales[j] : most;
  return most;
}

/// Levels for scales that have been rounded; where the scale became zero, those of the search stay.
template <int n>
void requantize(const Group<n>& group, const Affine<Floats>& fit, Floats scale, Floats minimum, int levels, uint8_t* bytes) {
  Ints level[n];
  for (int i = 0; i < n; i++) {
    const Ints rounded = clamp(nearest((group.x[i] + minimum) / scale), 0, levels);
    level[i] = select(scale != 0.f, rounded, fit.level(group.x[i], levels));
  }
  spread<n>(level, bytes);
}

template <int n>
void requantize(const Group<n>& group, const Ints* found, Floats scale, int levels, uint8_t* bytes) {
  Ints level[n];
  for (int i = 0; i < n; i++) level[i] = select(scale != 0.f, clamp(nearest(group.x[i] / scale), -levels, levels - 1) + levels, found[i]);
  spread<n>(level, bytes);
}

/// What Q4_K and Q5_K have in common: d, dmin, twelve bytes of scales, then the levels.
template <int levels, int bytesPerBlock, void (*pack)(const uint8_t*, uint8_t*)>
void encodeAffine(const Rows& rows, float first, int steps, uint8_t* out) {
  using G = Group<32>;
  forEachGroup<32>(rows, [&](int64_t index, int64_t last) {
    G group;
    group.load(rows, index, last, 2);
    Floats weights[32];
    if (rows.importance) {
      group.weigh(weights);
    } else {
      Floats squares{};
      for (int i = 0; i < 32; i++) squares += group.x[i] * group.x[i];
      const Floats average = squareRoot(squares / 32.f);
      for (int i = 0; i < 32; i++) weights[i] = average + magnitude(group.x[i]);
    }
    const auto fit = rows.importance ? fitAffine<32, false>(group.x, weights, levels, -0.9f, 0.05f, 36) : fitAffine<32, false>(group.x, weights, levels, first, 0.1f, steps);
    const Floats sums = sumOf<32>(weights);
    Floats scale{}, minimum{};
    for (int super = 0; super < G::supers && index + super <= last; super++) {
      uint8_t* block = out + (index + super) * bytesPerBlock;
      float scales[8], minimums[8], weight[8], d, dmin;
      uint8_t scaleLevel[8], minimumLevel[8];
      for (int j = 0; j < 8; j++) {
        scales[j] = fit.scale[super * 8 + j];
        minimums[j] = fit.minimum[super * 8 + j];
        weight[j] = sums[super * 8 + j];
      }
      if (rows.importance) {
        d = fitPositive<8>(scales, weight, scaleLevel, 63);
        dmin = fitPositive<8>(minimums, weight, minimumLevel, 63);
        if (levels == 31) {
          for (int j = 0; j < 8; j++) {
            scaleLevel[j] = std::min<uint8_t>(63, scaleLevel[j]);
            minimumLevel[j] = std::min<uint8_t>(63, minimumLevel[j]);
          }
        }
      } else {
        const float largestScale = largestOf(scales, 8), largestMinimum = largestOf(minimums, 8);
        const float inverseScale = largestScale > 0 ? 63.f / largestScale : 0.f, inverseMinimum = largestMinimum > 0 ? 63.f / largestMinimum : 0.f;
        for (int j = 0; j < 8; j++) {
          scaleLevel[j] = std::min<uint8_t>(63, static_cast<uint8_t>(nearest(inverseScale * scales[j])));
          minimumLevel[j] = std::min<uint8_t>(63, static_cast<uint8_t>(nearest(inverseMinimum * minimums[j])));
        }
        d = largestScale / 63.f;
        dmin = largestMinimum / 63.f;
      }
      d = putHalf(block, d);
      dmin = putHalf(block + 2, dmin);
      packSixBits(scaleLevel, minimumLevel, block + 4);
      for (int j = 0; j < 8; j++) {
        uint8_t s, m;
        unpackSixBits(block + 4, j, s, m);
        scale[super * 8 + j] = d * s;
        minimum[super * 8 + j] = dmin * m;
      }
    }
    uint8_t level[G::supers * superBlock];
    requantize(group, fit, scale, minimum, levels, level);
    for (int super = 0; super < G::supers && index + super <= last; super++) pack(level + super * superBlock, out + (index + super) * bytesPerBlock);
  });
}

}  // namespace

void encodeQ4_K(const Rows& rows, uint8_t* out) { encodeAffine<15, 144, packQ4_K>(rows, -1.f, 20, out); }
void encodeQ5_K(const Rows& rows, uint8_t* out) { encodeAffine<31, 176, packQ5_K>(rows, -0.5f, 15, out); }

void encodeQ2_K(const Rows& rows, uint8_t* out) {
  forEachGroup<16>(rows, [&](int64_t index, int64_t last) {
    Group<16> group;
    group.load(rows, index, last, 1);
    Floats weights[16];
    if (rows.importance) {
      group.weigh(weights);
    } else {
      for (int i = 0; i < 16; i++) weights[i] = magnitude(group.x[i]);
    }
    const auto fit = rows.importance ? fitAffine<16, false>(group.x, weights, 3, -0.9f, 0.05f, 36) : fitAffine<16, true>(group.x, weights, 3, -0.5f, 0.1f, 15);
    uint8_t* block = out + index * 84;
    float scales[16], minimums[16], d, dmin;
    uint8_t scaleLevel[16], minimumLevel[16];
    std::memcpy(scales, &fit.scale, sizeof scales);
    std::memcpy(minimums, &fit.minimum, sizeof minimums);
    if (rows.importance) {
      const Floats sums = sumOf<16>(weights);
      float weight[16];
      std::memcpy(weight, &sums, sizeof weight);
      d = fitPositive<16>(scales, weight, scaleLevel, 15);
      dmin = fitPositive<16>(minimums, weight, minimumLevel, 15);
    } else {
      const float largestScale = largestOf(scales, 16), largestMinimum = largestOf(minimums, 16);
      const float inverseScale = largestScale > 0 ? 15.f / largestScale : 0.f, inverseMinimum = largestMinimum > 0 ? 15.f / largestMinimum : 0.f;
      for (int j = 0; j < 16; j++) {
        scaleLevel[j] = static_cast<uint8_t>(nearest(inverseScale * scales[j]));
        minimumLevel[j] = static_cast<uint8_t>(nearest(inverseMinimum * minimums[j]));
      }
      d = largestScale / 15.f;
      dmin = largestMinimum / 15.f;
    }
    d = putHalf(block + 80, d);
    dmin = putHalf(block + 82, dmin);
    Floats scale, minimum;
    for (int j = 0; j < 16; j++) {
      block[j] = static_cast<uint8_t>(scaleLevel[j] | minimumLevel[j] << 4);
      scale[j] = d * (block[j] & 15);
      minimum[j] = dmin * (block[j] >> 4);
    }
    uint8_t level[superBlock];
    requantize(group, fit, scale, minimum, 3, level);
    packQ2_K(level, block);
  });
}

void encodeQ3_K(const Rows& rows, uint8_t* out) {
  forEachGroup<16>(rows, [&](int64_t index, int64_t last) {
    Group<16> group;
    group.load(rows, index, last, 2);
    uint8_t* block = out + index * 110;
    uint8_t* packed = block + 96;
    Ints found[16];
    float scales[16], d;
    int scaleLevel[16];
    if (rows.importance) {
      Floats weights[16];
      group.weigh(weights);
      const auto fit = fitSymmetric<16>(group.x, weights, 4);
      for (int i = 0; i < 16; i++) found[i] = fit.level(group.x[i], 4);
      const Floats sums = sumOf<16>(weights);
      float weight[16];
      std::memcpy(weight, &sums, sizeof weight);
      std::memcpy(scales, &fit.scale, sizeof scales);
      const auto whole = fitSymmetric<16>(scales, weight, 32);
      for (int j = 0; j < 16; j++) scaleLevel[j] = whole.level(scales[j], 32);
      d = whole.scale;
    } else {
      const Floats fitted = fitByLevels<16>(group.x, found, 4);
      std::memcpy(scales, &fitted, sizeof scales);
      float largest = 0, extreme = 0;
      for (int j = 0; j < 16; j++) {
        if (!(std::fabs(scales[j]) > largest)) continue;
        largest = std::fabs(scales[j]);
        extreme = scales[j];
      }
      const float inverse = extreme != 0 ? -32.f / extreme : 0.f;
      // All zero where there is no scale, not the middle.
      for (int j = 0; j < 16; j++) scaleLevel[j] = extreme != 0 ? clamp(static_cast<int32_t>(static_cast<int8_t>(nearest(inverse * scales[j]))), -32, 31) + 32 : 0;
      d = extreme != 0 ? 1 / inverse : 0.f;
    }
    d = putHalf(block + 108, d);
    std::memset(packed, 0, 12);
    for (int j = 0; j < 16; j++) {
      packed[j & 7] = static_cast<uint8_t>(packed[j & 7] | (scaleLevel[j] & 15) << (j < 8 ? 0 : 4));
      packed[8 + (j & 3)] = static_cast<uint8_t>(packed[8 + (j & 3)] | (scaleLevel[j] >> 4) << 2 * (j / 4));
    }
    Floats scale;
    for (int j = 0; j < 16; j++) scale[j] = d * static_cast<float>(scaleLevel[j] - 32);
    uint8_t level[superBlock];
    requantize(group, found, scale, 4, level);
    packQ3_K(level, block);
  });
}

void encodeQ6_K(const Rows& rows, uint8_t* out) {
  forEachGroup<16>(rows, [&](int64_t index, int64_t last) {
    Group<16> group;
    group.load(rows, index, last, 1);
    Floats weights[16];
    // Here the importance stands for itself.
    for (int i = 0; i < 16; i++) weights[i] = rows.importance ? group.importance[i] : group.x[i] * group.x[i];
    const auto fit = fitSymmetric<16>(group.x, weights, 32);
    uint8_t* block = out + index * 210;
    float largest = 0, extreme = 0;
    for (int j = 0; j < 16; j++) {
      const float scale = fit.scale[j];
      if (!(std::fabs(scale) > largest)) continue;
      largest = std::fabs(scale);
      extreme = scale;
    }
    if (largest < leastMagnitude) {
      std::memset(block, 0, 210);
      return;
    }
    const float inverse = -128.f / extreme;
    const float d = putHalf(block + 208, 1 / inverse);
    Floats scale;
    for (int j = 0; j < 16; j++) {
      const auto rounded = static_cast<int8_t>(std::min(127, nearest(inverse * fit.scale[j])));
      block[192 + j] = static_cast<uint8_t>(rounded);
      scale[j] = d * static_cast<float>(rounded);
    }
    Ints found[16];
    for (int i = 0; i < 16; i++) found[i] = fit.level(group.x[i], 32);
    uint8_t level[superBlock];
    requantize(group, found, scale, 32, level);
    packQ6_K(level, block);
  });
}

namespace {

void gridsOfQ2_K(const uint8_t* block, float* scales, float* offsets) {
  const float d = getHalf(block + 80), dmin = getHalf(block + 82);
  for (int j = 0; j < 16; j++) {
    scales[j] = d * (block[j] & 15);
    offsets[j] = dmin * (block[j] >> 4);
  }
}

void gridsOfQ3_K(const uint8_t* block, float* scales, float* offsets) {
  const float d = getHalf(block + 108);
  const uint8_t* packed = block + 96;
  for (int j = 0; j < 16; j++) {
    const int low = j < 8 ? packed[j] & 15 : packed[j - 8] >> 4, high = packed[8 + (j & 3)] >> 2 * (j / 4) & 3;
    scales[j] = d * static_cast<float>((low | high << 4) - 32);
    offsets[j] = 0;
  }
}

/// Q4_K and Q5_K.
void gridsOfSixBits(const uint8_t* block, float* scales, float* offsets) {
  const float d = getHalf(block), dmin = getHalf(block + 2);
  for (int j = 0; j < 8; j++) {
    uint8_t scale, minimum;
    unpackSixBits(block + 4, j, scale, minimum);
    scales[j] = d * scale;
    offsets[j] = dmin * minimum;
  }
}

void gridsOfQ6_K(const uint8_t* block, float* scales, float* offsets) {
  const float d = getHalf(block + 208);
  for (int j = 0; j < 16; j++) {
    scales[j] = d * static_cast<float>(static_cast<int8_t>(block[192 + j]));
    offsets[j] = 0;
  }
}

}  // namespace

const Levels levelsOfQ2_K{16, 0, 0, 3, nullptr, gridsOfQ2_K, packQ2_K};
const Levels levelsOfQ3_K{16, 4, 0, 7, nullptr, gridsOfQ3_K, packQ3_K};
const Levels levelsOfQ4_K{32, 0, 0, 15, nullptr, gridsOfSixBits, packQ4_K};
const Levels levelsOfQ5_K{32, 0, 0, 31, nullptr, gridsOfSixBits, packQ5_K};
const Levels levelsOfQ6_K{16, 32, 0, 63, nullptr, gridsOfQ6_K, packQ6_K};

}  // namespace tunesmith::gguf
