// The searches for the scale (and the offset) of a block of numbers with the least weighted error, as ggml's quantizer makes them (ggml-quants.c:
// make_qkx2_quants and make_qkx3_quants, make_qx_quants, make_q3_quants, make_qp_quants). Written over one number or sixteen (gguf_lanes.h); every
// expression keeps the order of the reference, because the files are to be the same to the last bit. Compile without contraction.
#pragma once

#include <algorithm>

#include "kernels/gguf_lanes.h"

namespace tunesmith::gguf {

/// Below this a block counts as zeros.
constexpr float leastMagnitude = 1e-15f;

/// x ~ scale * level - minimum with levels from 0 on. The levels of the search itself are those of `inverse` and `start`.
template <typename V>
struct Affine {
  V scale, minimum, inverse, start;

  IntOf<V> level(V x, int levels) const { return clamp(nearest(inverse * (x - start)), 0, levels); }
};

/// Tries `steps + 1` scales, from (levels + first) / span on in steps of `step` / span, each with the best offset for the levels that it gives. What is
/// found goes on from the best offset so far.
template <int n, bool absoluteError, typename V>
Affine<V> fitAffine(const V* x, const V* weights, int levels, float first, float step, int steps) {
  V least = x[0], most = x[0];
  V sumW = weights[0], sumX = sumW * x[0];
  for (int i = 1; i < n; i++) {
    least = select(x[i] < least, x[i], least);
    most = select(x[i] > most, x[i], most);
    sumW += weights[i];
    sumX += weights[i] * x[i];
  }
  least = select(least > 0.f, V{}, least);
  const MaskOf<V> flat = most == least;
  const auto errorOf = [&](V scale, V offset, const V* level) {
    V error{};
    for (int i = 0; i < n; i++) {
      V difference = scale * level[i] + offset - x[i];
      difference = absoluteError ? magnitude(difference) : difference * difference;
      error += weights[i] * difference;
    }
    return error;
  };

  V inverse = static_cast<float>(levels) / (most - least);
  V scale = 1.f / inverse, offset = least, start = least;
  V level[n];
  for (int i = 0; i < n; i++) level[i] = toFloats(clamp(nearest(inverse * (x[i] - least)), 0, levels));
  V bestError = errorOf(scale, offset, level);
  for (int attempt = 0; attempt <= steps; attempt++) {
    const V tried = (first + step * attempt + levels) / (most - offset);
    V sumL{}, sumL2{}, sumXL{};
    for (int i = 0; i < n; i++) {
      level[i] = toFloats(clamp(nearest(tried * (x[i] - offset)), 0, levels));
      const V weighted = weights[i] * level[i];
      sumL += weighted;
      sumL2 += weighted * level[i];
      sumXL += weighted * x[i];
    }
    const V determinant = sumW * sumL2 - sumL * sumL;
    V thisScale = (sumW * sumXL - sumX * sumL) / determinant;
    V thisOffset = (sumL2 * sumX - sumL * sumXL) / determinant;
    const MaskOf<V> positive = thisOffset > 0.f;
    thisOffset = select(positive, V{}, thisOffset);
    thisScale = select(positive, sumXL / sumL2, thisScale);
    const V error = errorOf(thisScale, thisOffset, level);
    const MaskOf<V> better = (determinant > 0.f) & (error < bestError);
    bestError = select(better, error, bestError);
    scale = select(better, thisScale, scale);
    inverse = select(better, tried, inverse);
    start = select(better, offset, start);
    offset = select(better, thisOffset, offset);
  }
  return {select(flat, V{}, scale), -select(flat, least, offset), select(flat, V{}, inverse), start};
}

/// x ~ scale * level with levels from -levels to levels - 1. The levels of the search itself are those of `inverse`.
template <typename V>
struct Symmetric {
  V scale, inverse;
  MaskOf<V> empty;

  /// Counted from 0; those of an empty block are 0 too, as in the reference.
  IntOf<V> level(V x, int levels) const { return select(empty, IntOf<V>{}, clamp(nearest(inverse * x), -levels, levels - 1) + levels); }
};

/// Tries nineteen scales around the one that the element of largest magnitude gives.
template <int n, typename V>
Symmetric<V> fitSymmetric(const V* x, const V* weights, int levels) {
  V largest{}, extreme{};
  for (int i = 0; i < n; i++) {
    const V size = magnitude(x[i]);
    const MaskOf<V> larger = size > largest;
    largest = select(larger, size, largest);
    extreme = select(larger, x[i], extreme);
  }
  V weighted[n];
  for (int i = 0; i < n; i++) weighted[i] = weights[i] * x[i];
  V sumLX{}, sumL2{};
  const auto sum = [&](V inverse) {
    sumLX = sumL2 = V{};
    for (int i = 0; i < n; i++) {
      const V level = toFloats(clamp(nearest(inverse * x[i]), -levels, levels - 1));
      sumLX += weighted[i] * level;
      sumL2 += weights[i] * level * level;
    }
  };
  V inverse = static_cast<float>(-levels) / extreme;
  sum(inverse);
  V scale = select(sumL2 != 0.f, sumLX / sumL2, V{});
  V best = scale * sumLX;
  for (int attempt = -9; attempt <= 9; attempt++) {
    if (attempt == 0) continue;
    const V tried = -(levels + 0.1f * attempt) / extreme;
    sum(tried);
    const MaskOf<V> better = (sumL2 > 0.f) & (sumLX * sumLX > best * sumL2);
    const V thisScale = sumLX / sumL2;
    scale = select(better, thisScale, scale);
    best = select(better, thisScale * sumLX, best);
    inverse = select(better, tried, inverse);
  }
  const MaskOf<V> empty = largest < leastMagnitude;
  return {select(empty, V{}, scale), inverse, empty};
}

/// x ~ scale * level, the weights being x^2: the levels of one scale, changed one at a time while that helps. `level` gets them, counted from 0.
template <int n>
Floats fitByLevels(const Floats* x, Ints* level, int levels) {
  Floats largest{}, extreme{};
  for (int i = 0; i < n; i++) {
    const Floats size = magnitude(x[i]);
    const Ints larger = size > largest;
    largest = select(larger, size, largest);
    extreme = select(larger, x[i], extreme);
  }
  const Floats inverse = static_cast<float>(-levels) / extreme;
  Floats sumLX{}, sumL2{};
  for (int i = 0; i < n; i++) {
    level[i] = clamp(nearest(inverse * x[i]), -levels, levels - 1);
    const Floats w = x[i] * x[i], l = toFloats(level[i]);
    sumLX += w * x[i] * l;
    sumL2 += w * l * l;
  }
  // A lane in which a round changes nothing stays as it is in all later ones.
  for (int round = 0; round < 5; round++) {
    Ints changed{};
    for (int i = 0; i < n; i++) {
      const Floats w = x[i] * x[i], l = toFloats(level[i]);
      Floats otherLX = sumLX - w * x[i] * l;
      Floats otherL2 = sumL2 - w * l * l;
      const Ints candidate = clamp(nearest(x[i] * otherL2 / otherLX), -levels, levels - 1);
      Ints better = (otherLX > 0.f) & (candidate != level[i]);
      const Floats c = toFloats(candidate);
      otherLX += w * x[i] * c;
      otherL2 += w * c * c;
      better &= (otherL2 > 0.f) & (otherLX * otherLX * sumL2 > sumLX * sumLX * otherL2);
      level[i] = select(better, candidate, level[i]);
      sumLX = select(better, otherLX, sumLX);
      sumL2 = select(better, otherL2, sumL2);
      changed |= better;
    }
    if (!any(changed)) break;
  }
  const Ints empty = largest < leastMagnitude;
  for (int i = 0; i < n; i++) level[i] = select(empty, Ints{}, level[i] + levels);
  return select(empty | ~(sumL2 > 0.f), Floats{}, sumLX / sumL2);
}

/// Scales of blocks, none negative, as level * scale with weights. Returns the scale; `level` gets the levels from 0 to `levels`.
template <int n>
float fitPositive(const float* x, const float* weights, uint8_t* level, int levels) {
  float most = 0;
  for (int i = 0; i < n; i++) most = most > x[i] ? most : x[i];
  if (most < leastMagnitude) {
    std::fill(level, level + n, uint8_t{0});
    return 0;
  }
  const auto errorOf = [&](float inverse, bool bounded) {
    const float scale = 1 / inverse;
    float error = 0;
    for (int i = 0; i < n; i++) {
      int32_t l = nearest(inverse * x[i]);
      l = bounded ? std::min(levels, l) : static_cast<uint8_t>(l);
      const float difference = x[i] - scale * static_cast<float>(l);
      error += weights[i] * difference * difference;
    }
    return error;
  };
  float inverse = static_cast<float>(levels) / most;
  float least = errorOf(inverse, false);
  for (int attempt = -4; attempt <= 4; attempt++) {
    if (attempt == 0) continue;
    const float tried = (0.1f * attempt + levels) / most;
    const float error = errorOf(tried, true);
    if (error < least) {
      least = error;
      inverse = tried;
    }
  }
  float sumLX = 0, sumL2 = 0;
  for (int i = 0; i < n; i++) {
    const int32_t l = std::min(levels, nearest(inverse * x[i]));
    level[i] = static_cast<uint8_t>(l);
    const float w = weights[i], number = static_cast<float>(l);
    sumLX += w * x[i] * number;
    sumL2 += w * number * number;
  }
  for (int round = 0; round < 5; round++) {
    bool changed = false;
    for (int i = 0; i < n; i++) {
      const float w = weights[i], now = level[i];
      float otherLX = sumLX - w * x[i] * now;
      float otherL2 = sumL2 - w * now * now;
      if (!(otherLX > 0 && otherL2 > 0)) continue;
      const int32_t candidate = std::min(levels, nearest(x[i] * otherL2 / otherLX));
      if (candidate == level[i]) continue;
      const float number = static_cast<float>(candidate);
      otherLX += w * x[i] * number;
      otherL2 += w * number * number;
      if (otherLX * otherLX * sumL2 > sumLX * sumLX * otherL2) {
        level[i] = static_cast<uint8_t>(candidate);
        sumLX = otherLX;
        sumL2 = otherL2;
        changed = true;
      }
    }
    if (!changed) break;
  }
  return sumL2 > 0 ? sumLX / sumL2 : 0;
}

}  // namespace tunesmith::gguf
