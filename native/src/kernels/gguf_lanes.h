// Sixteen blocks at a time, one in each lane of a vector: the searches for scales add numbers up one after another, as ggml's reference code does, so
// that every lane ends with the very bits of that code. The vector extensions of GCC and Clang become whatever width the machine has.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace tunesmith::gguf {

constexpr int laneCount = 16;
using Floats = float __attribute__((vector_size(64)));
using Ints = int32_t __attribute__((vector_size(64)));

/// What the searches are written over: sixteen numbers, or one.
template <typename V>
struct Kind;
template <>
struct Kind<Floats> {
  using Int = Ints;
  using Mask = Ints;
};
template <>
struct Kind<float> {
  using Int = int32_t;
  using Mask = bool;
};
template <typename V>
using IntOf = typename Kind<V>::Int;
template <typename V>
using MaskOf = typename Kind<V>::Mask;

inline Floats select(Ints mask, Floats yes, Floats no) { return mask ? yes : no; }
inline Ints select(Ints mask, Ints yes, Ints no) { return mask ? yes : no; }
inline float select(bool mask, float yes, float no) { return mask ? yes : no; }
inline int32_t select(bool mask, int32_t yes, int32_t no) { return mask ? yes : no; }

inline Floats toFloats(Ints value) { return __builtin_convertvector(value, Floats); }
inline float toFloats(int32_t value) { return static_cast<float>(value); }

inline Floats magnitude(Floats value) { return reinterpret_cast<Floats>(reinterpret_cast<Ints>(value) & 0x7fffffff); }
inline float magnitude(float value) { return std::fabs(value); }

inline Floats squareRoot(Floats value) {
  for (int lane = 0; lane < laneCount; lane++) value[lane] = std::sqrt(value[lane]);
  return value;
}

/// The nearest integer, ties to even, of a magnitude below 2^22. For others, infinities and NaN the same bits as ggml's `nearest_int`.
inline Ints nearest(Floats value) { return (reinterpret_cast<Ints>(value + 12582912.f) & 0x007fffff) - 0x00400000; }
inline int32_t nearest(float value) {
  const float shifted = value + 12582912.f;
  int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  return (bits & 0x007fffff) - 0x00400000;
}

template <typename Int>
Int clamp(Int value, int32_t least, int32_t most) {
  const Int low = Int{} + least, high = Int{} + most;
  value = select(value < high, value, high);
  return select(value > low, value, low);
}

inline bool any(Ints mask) {
  int32_t found = 0;
  for (int lane = 0; lane < laneCount; lane++) found |= mask[lane];
  return found != 0;
}

/// `count` numbers from each of sixteen places, lane by lane.
inline void gather(const float* const* from, int count, Floats* to) {
  auto* numbers = reinterpret_cast<float*>(to);
  for (int lane = 0; lane < laneCount; lane++) {
    for (int i = 0; i < count; i++) numbers[i * laneCount + lane] = from[lane][i];
  }
}

}  // namespace tunesmith::gguf
