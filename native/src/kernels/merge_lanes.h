#pragma once
// Eight elements of a weight at a time, in the vector extensions of GCC and Clang (they become what the machine has): what a merge does to an element
// stays in registers from reading its bfloat16 parents to writing the result. The arithmetic is that of merge_arithmetic.h, lane by lane.

#include "kernels/merge_arithmetic.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace tunesmith::merging {

constexpr int64_t lanes = 8;

using Words = uint32_t __attribute__((vector_size(32)));
using Marks = int32_t __attribute__((vector_size(32)));  // of each lane all bits or none
using WideWords = uint64_t __attribute__((vector_size(64)));

template <typename number_t>
struct LanesOf;
template <>
struct LanesOf<float> {
  using Numbers = float __attribute__((vector_size(32)));
  using Bits = Words;
};
template <>
struct LanesOf<double> {
  using Numbers = double __attribute__((vector_size(64)));
  using Bits = WideWords;
};
template <typename scalar_t>
using Numbers = typename LanesOf<Number<scalar_t>>::Numbers;
template <typename scalar_t>
using NumberBits = typename LanesOf<Number<scalar_t>>::Bits;

template <typename Vector>
inline Vector loadVector(const void* from) {
  Vector vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

template <typename scalar_t>
inline Numbers<scalar_t> loadLanes(const scalar_t* from) {
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>) {
    using Halves = uint16_t __attribute__((vector_size(16)));
    return std::bit_cast<Numbers<scalar_t>>(__builtin_convertvector(loadVector<Halves>(from), Words) << 16);
  } else if constexpr (std::is_same_v<scalar_t, at::Half>) {
    Numbers<scalar_t> numbers;
    for (int64_t lane = 0; lane < lanes; lane++) numbers[lane] = widen(from[lane]);
    return numbers;
  } else {
    return loadVector<Numbers<scalar_t>>(from);
  }
}

/// The first `count`; the others are zero.
template <typename scalar_t>
inline Numbers<scalar_t> loadLanes(const scalar_t* from, int64_t count) {
  if (count >= lanes) return loadLanes(from);
  scalar_t padded[lanes] = {};
  std::copy_n(from, count, padded);
  return loadLanes(padded);
}

template <typename scalar_t>
inline Numbers<scalar_t> roundedLanes(Numbers<scalar_t> numbers) {
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>) {
    const auto bits = std::bit_cast<Words>(numbers);
    return std::bit_cast<Numbers<scalar_t>>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u);
  } else if constexpr (std::is_same_v<scalar_t, at::Half>) {
    for (int64_t lane = 0; lane < lanes; lane++) numbers[lane] = rounded<scalar_t>(numbers[lane]);
    return numbers;
  } else {
    return numbers;
  }
}

/// Stores the first `count` of numbers that are rounded already.
template <typename scalar_t>
inline void storeLanes(Numbers<scalar_t> numbers, scalar_t* to, int64_t count) {
  alignas(64) scalar_t stored[lanes];
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>) {
    const auto upper = std::bit_cast<Words>(numbers) >> 16;
#if defined(__AVX2__)
    const auto both = reinterpret_cast<__m256i>(upper);
    const auto packed = _mm_packus_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    if (count >= lanes) return _mm_storeu_si128(reinterpret_cast<__m128i*>(to), packed);
    std::memcpy(stored, &packed, sizeof packed);
#else
    for (int64_t lane = 0; lane < lanes; lane++) stored[lane] = at::BFloat16(static_cast<unsigned short>(upper[lane]), at::BFloat16::from_bits());
#endif
  } else {
    for (int64_t lane = 0; lane < lanes; lane++) stored[lane] = narrow<scalar_t>(numbers[lane]);
  }
  std::copy_n(stored, std::min(count, lanes), to);
}

/// a * b + c without a rounding between.
template <typename scalar_t>
inline Numbers<scalar_t> multiplyAdd(Numbers<scalar_t> a, Numbers<scalar_t> b, Numbers<scalar_t> c) {
#if defined(__AVX2__) && defined(__FMA__)
  if constexpr (std::is_same_v<Number<scalar_t>, float>)
    return reinterpret_cast<Numbers<scalar_t>>(_mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
#endif
  for (int64_t lane = 0; lane < lanes; lane++) c[lane] = std::fma(a[lane], b[lane], c[lane]);
  return c;
}

/// The numbers where the marks are, zero elsewhere.
template <typename scalar_t>
inline Numbers<scalar_t> where(Marks marks, Numbers<scalar_t> numbers) {
  if constexpr (std::is_same_v<Number<scalar_t>, double>) {
    using WideMarks = int64_t __attribute__((vector_size(64)));
    return std::bit_cast<Numbers<scalar_t>>(std::bit_cast<WideWords>(numbers) & std::bit_cast<WideWords>(__builtin_convertvector(marks, WideMarks)));
  } else {
    return std::bit_cast<Numbers<scalar_t>>(std::bit_cast<Words>(numbers) & std::bit_cast<Words>(marks));
  }
}

/// From what a comparison of numbers gives.
template <typename Comparison>
inline Marks marksOf(Comparison comparison) {
  if constexpr (sizeof comparison == sizeof(Marks))
    return std::bit_cast<Marks>(comparison);
  else
    return __builtin_convertvector(comparison, Marks);
}

inline Marks marksOfBits(uint8_t bits) {
  constexpr Marks each = {1, 2, 4, 8, 16, 32, 64, 128};
  return ((Marks{} + bits) & each) == each;
}

/// Of bytes that are 0 or 1.
inline Marks marksOfBytes(const uint8_t* kept) {
  using Bytes = uint8_t __attribute__((vector_size(8)));
  return -__builtin_convertvector(loadVector<Bytes>(kept), Marks);
}

inline uint8_t bitsOf(Marks marks) {
#if defined(__AVX2__)
  return static_cast<uint8_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(marks)));
#else
  uint8_t bits = 0;
  for (int64_t lane = 0; lane < lanes; lane++) bits |= static_cast<uint8_t>((marks[lane] & 1) << lane);
  return bits;
#endif
}

template <typename scalar_t>
inline Numbers<scalar_t> magnitudes(Numbers<scalar_t> numbers) {
  using Bits = NumberBits<scalar_t>;
  return std::bit_cast<Numbers<scalar_t>>(std::bit_cast<Bits>(numbers) & (~Bits{} >> 1));
}

}  // namespace tunesmith::merging
