#pragma once
// Dot products of many rows with a few others at once, which is what a matrix product of few rows is: each row of the weight is read
// once, from where it lies, while the few other rows wait in the nearest caches. Sums are float32 (double for double), each in the same
// order however many rows come together.

#include <ATen/OpMathType.h>
#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/read_once.h"

namespace tunesmith {

/// How stretches of two rows are multiplied and added up. `Waiting` is what the few rows are kept as between their uses.
template <typename scalar_t>
struct Dot {
  using Number = at::opmath_type<scalar_t>;
  using Sum = at::vec::Vectorized<Number>;
  using Waiting = Number;
  /// Whether numbers are widened before they are multiplied.
  static constexpr bool narrow = !std::is_same_v<scalar_t, Number>;
  static constexpr int64_t half = Sum::size();
  static constexpr int64_t step = narrow ? 2 * half : half;
  struct Stretch {
    Sum low, high;
  };

  static Sum zero() { return Sum(Number(0)); }
  static Stretch fromWeight(const scalar_t* data) {
    if constexpr (narrow) {
      const auto [low, high] = at::vec::convert_to_float<scalar_t>(at::vec::Vectorized<scalar_t>::loadu(data));
      return {low, high};
    } else {
      return {Sum::loadu(data), zero()};
    }
  }
  /// The first `count` numbers; the others are 0.
  static Stretch fromWeight(const scalar_t* data, int64_t count) {
    alignas(64) scalar_t padded[step] = {};
    std::copy_n(data, count, padded);
    return fromWeight(padded);
  }
  static Stretch fromWaiting(const Waiting* data) {
    if constexpr (narrow) return {Sum::loadu(data), Sum::loadu(data + half)};
    return {Sum::loadu(data), zero()};
  }
  static Waiting keep(scalar_t value) { return static_cast<Waiting>(value); }
  static Sum add(const Sum& sum, const Stretch& weight, const Stretch& other) {
    const auto first = at::vec::fmadd(weight.low, other.low, sum);
    if constexpr (narrow) return at::vec::fmadd(weight.high, other.high, first);
    return first;
  }
};

#if defined(__AVX512BF16__) && defined(CPU_CAPABILITY_AVX512)
/// bfloat16 where the processor multiplies pairs of it.
template <>
struct Dot<at::BFloat16> {
  using Number = float;
  using Sum = at::vec::Vectorized<float>;
  using Waiting = at::BFloat16;
  static constexpr bool narrow = false;  // nothing is widened
  static constexpr int64_t step = 32;
  using Stretch = __m512i;

  static Sum zero() { return Sum(0.0f); }
  static Stretch fromWeight(const at::BFloat16* data) { return _mm512_loadu_si512(data); }
  static Stretch fromWeight(const at::BFloat16* data, int64_t count) { return _mm512_maskz_loadu_epi16(static_cast<__mmask32>((1ull << count) - 1), data); }
  static Stretch fromWaiting(const at::BFloat16* data) { return _mm512_loadu_si512(data); }
  static Waiting keep(at::BFloat16 value) { return value; }
  static Sum add(const Sum& sum, const Stretch& weight, const Stretch& other) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(other), reinterpret_cast<__m512bh>(weight));
  }
};
#endif

/// The lanes of four sums added up, each in the same order.
template <typename Number>
inline void totals(const at::vec::Vectorized<Number>& first, const at::vec::Vectorized<Number>& second, const at::vec::Vectorized<Number>& third,
                   const at::vec::Vectorized<Number>& fourth, Number* out) {
#if defined(CPU_CAPABILITY_AVX512)
  if constexpr (std::is_same_v<Number, float>) {
    const __m512 a = first, b = second, c = third, d = fourth;
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)), cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    const __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd)), high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    const __m512 together = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));  // a b c d, four times
    const __m256 halves = _mm256_add_ps(_mm512_castps512_ps256(together), _mm512_extractf32x8_ps(together, 1));
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1)));
    return;
  }
#elif defined(CPU_CAPABILITY_AVX2)
  if constexpr (std::is_same_v<Number, float>) {
    const auto folded = [](const __m256& sum) { return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1)); };
    const __m128 a = folded(first), b = folded(second), c = folded(third), d = folded(fourth);
    const __m128 ab = _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a)), cd = _mm_add_ps(_mm_movelh_ps(c, d), _mm_movehl_ps(d, c));  // two of a, two of b; of c and d
    _mm_storeu_ps(out, _mm_add_ps(_mm_shuffle_ps(ab, cd, _MM_SHUFFLE(2, 0, 2, 0)), _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 1, 3, 1))));
    return;
  }
#endif
  constexpr int64_t lanes = at::vec::Vectorized<Number>::size();
  const at::vec::Vectorized<Number>* sums[] = {&first, &second, &third, &fourth};
  for (int64_t k = 0; k < 4; k++) {
    Number each[lanes];
    sums[k]->store(each);
    for (int64_t width = lanes / 2; width > 0; width /= 2)
      for (int64_t i = 0; i < width; i++) each[i] += each[i + width];
    out[k] = each[0];
  }
}

/// The most of the few rows that are multiplied at once.
constexpr int64_t groupRows = 4;

/// How many of the many rows stand in registers beside `wide` of the few: as many sums as there are registers for.
constexpr int64_t tileRows(int64_t wide) {
#if defined(CPU_CAPABILITY_AVX512)
  return wide <= 2 ? 8 : 4;
#else
  return wide == 1 ? 8 : wide == 2 ? 4 : 2;
#endif
}

/// A row's length as it waits, filled up with zeros.
template <typename scalar_t>
constexpr int64_t paddedTo(int64_t length) {
  return (length + Dot<scalar_t>::step - 1) / Dot<scalar_t>::step * Dot<scalar_t>::step;
}

/// The few rows as `dotProducts` reads them, in groups of up to four: a step of row 0, of row 1, of row 2, of row 3, the next step of row 0, …
/// `scalar_t` is what they wait for the rows of; they come as that, or as what is widened to it.
template <int64_t most, typename scalar_t, typename source_t>
inline void packWaiting(const source_t* source, int64_t stride, int64_t rows, int64_t length, typename Dot<scalar_t>::Waiting* packed) {
  using D = Dot<scalar_t>;
  const auto keep = [](source_t value) { return D::keep(static_cast<scalar_t>(value)); };
  for (int64_t row = 0; row < rows; row += most) {
    const int64_t wide = std::min(most, rows - row);
    for (int64_t i = 0; i < length; i += D::step) {
      const int64_t count = std::min(D::step, length - i);
      for (int64_t m = 0; m < wide; m++, packed += D::step) {
        const auto* from = source + (row + m) * stride + i;
        if (count == D::step) {
          for (int64_t k = 0; k < D::step; k++) packed[k] = keep(from[k]);
          continue;
        }
        for (int64_t k = 0; k < count; k++) packed[k] = keep(from[k]);
        std::fill(packed + count, packed + D::step, typename D::Waiting(0));
      }
    }
  }
}

/// results[m · resultStride + n] = row n of `tall` rows · few row m of `wide`. While at it, `fetched` rows from `ahead` on are brought into the cache.
/// Never inlined: within a larger function GCC 12 keeps the sums in memory, and half of the speed is gone.
template <int64_t tall, int64_t wide, int64_t fetched = 0, typename scalar_t>
[[gnu::noinline]] inline void dotProducts(const scalar_t* rows, int64_t stride, const typename Dot<scalar_t>::Waiting* waiting, int64_t length, typename Dot<scalar_t>::Number* results,
                                          int64_t resultStride, const scalar_t* ahead = nullptr) {
  using D = Dot<scalar_t>;
  // Every loop over the tile is unrolled, so that the sums live in registers.
  typename D::Sum sums[wide][tall];
#pragma GCC unroll 4
  for (int64_t m = 0; m < wide; m++)
#pragma GCC unroll 8
    for (int64_t n = 0; n < tall; n++) sums[m][n] = D::zero();
  const int64_t whole = length / D::step * D::step;
  const auto multiply = [&](const auto& stretchOf) {
    typename D::Stretch others[wide];
#pragma GCC unroll 4
    for (int64_t m = 0; m < wide; m++) others[m] = D::fromWaiting(waiting + m * D::step);
#pragma GCC unroll 8
    for (int64_t n = 0; n < tall; n++) {
      const auto stretch = stretchOf(n);
#pragma GCC unroll 4
      for (int64_t m = 0; m < wide; m++) sums[m][n] = D::add(sums[m][n], stretch, others[m]);
    }
  };
  for (int64_t i = 0; i < whole; i += D::step, waiting += wide * D::step) {
#pragma GCC unroll 8
    for (int64_t n = 0; n < fetched; n++) __builtin_prefetch(ahead + n * stride + i);
    multiply([&](int64_t n) { return D::fromWeight(rows + n * stride + i); });
  }
  if (whole < length) multiply([&](int64_t n) { return D::fromWeight(rows + n * stride + whole, length - whole); });
#pragma GCC unroll 4
  for (int64_t m = 0; m < wide; m++) {
    auto* out = results + m * resultStride;
    if constexpr (tall % 4 == 0) {
#pragma GCC unroll 2
      for (int64_t n = 0; n < tall; n += 4) totals<typename D::Number>(sums[m][n], sums[m][n + 1], sums[m][n + 2], sums[m][n + 3], out + n);
    } else {
      typename D::Number four[4];
      totals<typename D::Number>(sums[m][0], tall > 1 ? sums[m][tall - 1] : D::zero(), D::zero(), D::zero(), four);
      for (int64_t n = 0; n < tall; n++) out[n] = four[n];
    }
  }
}

/// How many of the many rows are multiplied with one group after another while they stay in the first cache, and how many of them stand in registers beside
/// `wide` of the few.
#if defined(CPU_CAPABILITY_AVX512)
constexpr int64_t blockRows = 8;
constexpr int64_t blockTileRows(int64_t wide) { return tileRows(wide); }
#else
constexpr int64_t blockRows = 6;
constexpr int64_t blockTileRows(int64_t wide) { return wide <= 2 ? 6 : 3; }  // 12 sums, 3 of the many rows and one of the few: 16 registers
#endif

/// A stretch of the dot products of `tall` rows and `wide` few rows: both are read on for `length` numbers, a whole number of steps. The sums begin at zero with the
/// `first` stretch, wait in `kept` between stretches, and are written as by `dotProducts` after the last, where there are `results`: the same bits, since each sum has the same order.
template <int64_t tall, int64_t wide, typename Number>
[[gnu::noinline]] inline void continueProducts(const Number* rows, int64_t stride, const Number* waiting, int64_t length, bool first, Number* kept, Number* results, int64_t resultStride) {
  using D = Dot<Number>;
  using Sum = typename D::Sum;
  constexpr int64_t count = tall * wide;
  Sum sums[count];
#pragma GCC unroll 16
  for (int64_t k = 0; k < count; k++) sums[k] = first ? D::zero() : Sum::loadu(kept + k * D::step);
  for (int64_t i = 0; i < length; i += D::step, waiting += wide * D::step) {
    Sum many[tall];
#pragma GCC unroll 8
    for (int64_t n = 0; n < tall; n++) {
      many[n] = Sum::loadu(rows + n * stride + i);
      readOnce(many[n]);
    }
#pragma GCC unroll 4
    for (int64_t m = 0; m < wide; m++) {
      auto few = Sum::loadu(waiting + m * D::step);
      readOnce(few);
#pragma GCC unroll 8
      for (int64_t n = 0; n < tall; n++) sums[m * tall + n] = at::vec::fmadd(many[n], few, sums[m * tall + n]);
    }
  }
  if (results == nullptr) {
#pragma GCC unroll 16
    for (int64_t k = 0; k < count; k++) sums[k].store(kept + k * D::step);
    return;
  }
#pragma GCC unroll 4
  for (int64_t k = 0; k < count; k += 4) {
    Number four[4];
    totals<Number>(sums[k], k + 1 < count ? sums[k + 1] : D::zero(), k + 2 < count ? sums[k + 2] : D::zero(), k + 3 < count ? sums[k + 3] : D::zero(), four);
#pragma GCC unroll 4
    for (int64_t i = 0; i < 4; i++)
      if (k + i < count) results[(k + i) / tall * resultStride + (k + i) % tall] = four[i];
  }
}

}  // namespace tunesmith
