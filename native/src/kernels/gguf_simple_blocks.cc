// Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL: blocks of 32 numbers with a scale (and a smallest number). Without an importance matrix the first five are rounded to a
// scale that follows from the extremes, the same in gguf-py (quants.py); with one, and for IQ4_NL always, the scale is searched for.

#include "kernels/gguf_blocks.h"

#include <cfloat>

#include "kernels/gguf_fits.h"
#include "kernels/gguf_half.h"

namespace tunesmith::gguf {
namespace {

constexpr int blockSize = 32;

/// Sixteen blocks, each in a lane.
struct Group {
  Floats x[blockSize], importance[blockSize];
  int lanes;
  int64_t index;

  /// importance * sqrt(squares + x^2)
  void weigh(Floats squares, Floats* weights) const {
    for (int i = 0; i < blockSize; i++) weights[i] = importance[i] * squareRoot(squares + x[i] * x[i]);
  }
};

/// Calls `encode(group)` for sixteen blocks at a time; beyond the last one it is taken again.
template <typename Function>
void forEachGroup(const Rows& rows, Function&& encode) {
  const int64_t blocks = rows.count * rows.columns / blockSize, perRow = rows.columns / blockSize;
  Group group;
  for (int64_t index = 0; index < blocks; index += laneCount) {
    const float *from[laneCount], *weights[laneCount];
    for (int lane = 0; lane < laneCount; lane++) {
      const int64_t at = std::min(index + lane, blocks - 1);
      from[lane] = rows.values + at * blockSize;
      weights[lane] = rows.importance + (rows.importance ? (at % perRow) * blockSize : 0);
    }
    group.index = index;
    group.lanes = static_cast<int>(std::min<int64_t>(laneCount, blocks - index));
    gather(from, blockSize, group.x);
    if (rows.importance) gather(weights, blockSize, group.importance);
    encode(group);
  }
}

/// The mean square of each row, added up from left to right.
struct RowSquares {
  const Rows& rows;
  int64_t row = -1;
  float square = 0;

  float operator[](int64_t block) {
    const int64_t wanted = block / (rows.columns / blockSize);
    if (wanted != row) {
      row = wanted;
      float sum = 0;
      const float* x = rows.values + row * rows.columns;
      for (int64_t i = 0; i < rows.columns; i++) sum += x[i] * x[i];
      square = sum / static_cast<float>(rows.columns);
    }
    return square;
  }

  Floats of(const Group& group) {
    Floats squares{};
    for (int lane = 0; lane < group.lanes; lane++) squares[lane] = (*this)[group.index + lane];
    return squares;
  }
};

/// The number of largest magnitude, with its sign; the first of several.
Floats extremeOf(const Floats* x) {
  Floats largest{}, extreme{};
  for (int i = 0; i < blockSize; i++) {
    const Floats size = magnitude(x[i]);
    const Ints larger = largest < size;
    largest = select(larger, size, largest);
    extreme = select(larger, x[i], extreme);
  }
  return extreme;
}

Floats reciprocal(Floats scale) { return select(scale != 0.f, 1.f / scale, Floats{}); }

/// As the conversion of a float to int8_t.
Ints toBytes(Floats value) { return (__builtin_convertvector(value, Ints) << 24) >> 24; }

/// Levels of four bits in sixteen bytes: the first half of the block below, the second half above.
void packFourBits(const uint8_t* level, uint8_t* out) {
  for (int i = 0; i < 16; i++) out[i] = static_cast<uint8_t>((level[i] & 15) | level[i + 16] << 4);
}

/// Levels of five bits: four bytes of the fifth bits, then the rest.
void packFiveBits(const uint8_t* level, uint8_t* out) {
  uint32_t high = 0;
  for (int i = 0; i < blockSize; i++) high |= static_cast<uint32_t>(level[i] >> 4 & 1) << i;
  std::memcpy(out, &high, sizeof high);
  packFourBits(level, out + 4);
}

/// The one scale of a block, and no offset.
void readScale(const uint8_t* block, float* scales, float* offsets) {
  scales[0] = getHalf(block);
  offsets[0] = 0;
}

/// A scale, and the least value.
void readScaleAndLeast(const uint8_t* block, float* scales, float* offsets) {
  scales[0] = getHalf(block);
  offsets[0] = -getHalf(block + 2);
}

/// Writes levels behind so many float16 numbers.
template <void (*pack)(const uint8_t*, uint8_t*), int halves>
void packBehind(const uint8_t* level, uint8_t* block) {
  pack(level, block + 2 * halves);
}

/// Writes each lane's numbers (float16) and what `pack` makes of its levels.
template <typename Pack>
void store(const Group& group, std::initializer_list<Floats> halves, const Ints* levels, int bytesPerBlock, Pack&& pack, uint8_t* out) {
  for (int lane = 0; lane < group.lanes; lane++) {
    uint8_t level[blockSize];
    for (int i = 0; i < blockSize; i++) level[i] = static_cast<uint8_t>(levels[i][lane]);
    uint8_t* block = out + (group.index + lane) * bytesPerBlock;
    for (const Floats& half : halves) {
      putHalf(block, half[lane]);
      block += 2;
    }
    pack(level, block);
  }
}

/// Levels from -`levels` to `levels` - 1 around zero: Q4_0 and Q5_0.
template <int levels, typename Pack>
void encodeSymmetric(const Rows& rows, int bytesPerBlock, Pack&& pack, uint8_t* out) {
  RowSquares squares{rows};
  forEachGroup(rows, [&](const Group& group) {
    Ints level[blockSize];
    Floats scale;
    if (rows.importance) {
      Floats weights[blockSize];
      group.weigh(squares.of(group), weights);
      const auto fit = fitSymmetric<blockSize>(group.x, weights, levels);
      for (int i = 0; i < blockSize; i++) level[i] = fit.level(group.x[i], levels);
      scale = fit.scale;
    } else {
      scale = extremeOf(group.x) / static_cast<float>(-levels);
      const Floats inverse = reciprocal(scale);
      const Ints highest = Ints{} + (2 * levels - 1);
      for (int i = 0; i < blockSize; i++) {
        const Ints rounded = toBytes(group.x[i] * inverse + (levels + 0.5f));
        level[i] = select(rounded < highest, rounded, highest);
      }
    }
    store(group, {scale}, level, bytesPerBlock, pack, out);
  });
}

/// Levels from the smallest number up: Q4_1 and Q5_1.
template <int levels, typename Pack>
void encodeAffine(const Rows& rows, int bytesPerBlock, Pack&& pack, uint8_t* out) {
  RowSquares squares{rows};
  forEachGroup(rows, [&](const Group& group) {
    Ints level[blockSize];
    Floats scale, least;
    if (rows.importance) {
      Floats weights[blockSize];
      group.weigh(squares.of(group), weights);
      const auto fit = fitAffine<blockSize, false>(group.x, weights, levels, -0.9f, 0.05f, 36);
      for (int i = 0; i < blockSize; i++) level[i] = fit.level(group.x[i], levels);
      scale = fit.scale;
      least = -fit.minimum;
    } else {
      least = Floats{} + FLT_MAX;
      Floats most = Floats{} - FLT_MAX;
      for (int i = 0; i < blockSize; i++) {
        least = select(group.x[i] < least, group.x[i], least);
        most = select(group.x[i] > most, group.x[i], most);
      }
      scale = (most - least) / static_cast<float>(levels);
      const Floats inverse = reciprocal(scale);
      const Ints highest = Ints{} + levels;
      for (int i = 0; i < blockSize; i++) {
        const Ints rounded = toBytes((group.x[i] - least) * inverse + 0.5f);
        level[i] = select(rounded < highest, rounded, highest);
      }
    }
    store(group, {scale, least}, level, bytesPerBlock, pack, out);
  });
}

}  // namespace

void encodeQ8_0(const Rows& rows, uint8_t* out) {
  forEachGroup(rows, [&](const Group& group) {
    const Floats scale = magnitude(extremeOf(group.x)) / 127.f;
    const Floats inverse = reciprocal(scale);
    Ints level[blockSize];
    for (int i = 0; i < blockSize; i++) {
      // To the nearest, halves away from zero.
      const Floats scaled = group.x[i] * inverse;
      const Ints whole = __builtin_convertvector(scaled, Ints);
      const Floats rest = scaled - toFloats(whole);
      level[i] = whole + select(rest >= 0.5f, Ints{} + 1, Ints{}) - select(rest <= -0.5f, Ints{} + 1, Ints{});
    }
    store(group, {scale}, level, 34, [](const uint8_t* from, uint8_t* to) { std::memcpy(to, from, blockSize); }, out);
  });
}

void encodeQ4_0(const Rows& rows, uint8_t* out) { encodeSymmetric<8>(rows, 18, packFourBits, out); }
void encodeQ5_0(const Rows& rows, uint8_t* out) { encodeSymmetric<16>(rows, 22, packFiveBits, out); }
void encodeQ4_1(const Rows& rows, uint8_t* out) { encodeAffine<15>(rows, 20, packFourBits, out); }
void encodeQ5_1(const Rows& rows, uint8_t* out) { encodeAffine<31>(rows, 24, packFiveBits, out); }

namespace {

/// The sixteen values of IQ4_NL, ascending.
constexpr int lineValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// The middle of a value and the next: numbers below it belong to the value, it itself and those above to the next.
constexpr float middleAbove(int k) { return static_cast<float>(lineValues[k] + lineValues[k + 1]) / 2; }

constexpr float lineFloats[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

Ints lineIndex(Floats x) {
  Ints index{};
  for (int k = 0; k < 15; k++) index -= x >= middleAbove(k);
  return index;
}

Floats lineValue(Floats x) {
  Ints value = Ints{} + lineValues[0];
  for (int k = 0; k < 15; k++) value += (x >= middleAbove(k)) & (lineValues[k + 1] - lineValues[k]);
  return toFloats(value);
}

}  // namespace

void encodeIQ4_NL(const Rows& rows, uint8_t* out) {
  forEachGroup(rows, [&](const Group& group) {
    const Floats* x = group.x;
    Floats weights[blockSize];
    if (rows.importance) {
      Floats squares{};
      for (int i = 0; i < blockSize; i++) squares += x[i] * x[i];
      group.weigh(squares * (2.f / blockSize), weights);
    } else {
      for (int i = 0; i < blockSize; i++) weights[i] = x[i] * x[i];
    }
    const Floats extreme = extremeOf(x);
    const Ints empty = magnitude(extreme) < leastMagnitude;
    Floats sumQX, sumQ2;
    const auto sum = [&](Floats inverse) {
      sumQX = sumQ2 = Floats{};
      for (int i = 0; i < blockSize; i++) {
        const Floats q = lineValue(inverse * x[i]);
        const Floats weighted = weights[i] * q;
        sumQX += weighted * x[i];
        sumQ2 += weighted * q;
      }
    };
    sum(1.f / (-extreme / static_cast<float>(lineValues[0])));
    Floats scale = select(sumQ2 > 0.f, sumQX / sumQ2, Floats{});
    Floats best = scale * sumQX;
    for (int attempt = -7; attempt <= 7; attempt++) {
      sum(static_cast<float>(attempt + lineValues[0]) / extreme);
      const Ints better = (sumQ2 > 0.f) & (sumQX * sumQX > best * sumQ2);
      const Floats thisScale = sumQX / sumQ2;
      scale = select(better, thisScale, scale);
      best = select(better, thisScale * sumQX, best);
    }
    scale = select(empty, Floats{}, scale);
    const Floats inverse = reciprocal(scale);
    Ints level[blockSize];
    for (int i = 0; i < blockSize; i++) level[i] = lineIndex(inverse * x[i]);
    store(group, {scale}, level, 18, packFourBits, out);
  });
}

namespace {

/// Signed bytes, -128 left out as the encoder does.
void packBytes(const uint8_t* level, uint8_t* out) {
  for (int i = 0; i < blockSize; i++) out[i] = static_cast<uint8_t>(level[i] - 128);
}

}  // namespace

const Levels levelsOfQ8_0{blockSize, 128, 1, 255, nullptr, readScale, packBehind<packBytes, 1>};
const Levels levelsOfQ4_0{blockSize, 8, 0, 15, nullptr, readScale, packBehind<packFourBits, 1>};
const Levels levelsOfQ5_0{blockSize, 16, 0, 31, nullptr, readScale, packBehind<packFiveBits, 1>};
const Levels levelsOfQ4_1{blockSize, 0, 0, 15, nullptr, readScaleAndLeast, packBehind<packFourBits, 2>};
const Levels levelsOfQ5_1{blockSize, 0, 0, 31, nullptr, readScaleAndLeast, packBehind<packFiveBits, 2>};
const Levels levelsOfIQ4_NL{blockSize, 0, 0, 15, lineFloats, readScale, packBehind<packFourBits, 1>};

}  // namespace tunesmith::gguf
