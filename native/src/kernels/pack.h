#pragma once
// Stretches of a row in registers: two vectors of float32 (or double), read from and written to float, double, bfloat16 or half.

#include <ATen/OpMathType.h>
#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <type_traits>

namespace tunesmith {

template <typename scalar_t>
struct Pack {
  using Number = at::opmath_type<scalar_t>;
  using Vector = at::vec::Vectorized<Number>;
  static constexpr int64_t half = Vector::size();
  static constexpr int64_t size = 2 * half;

  Vector low, high;

  explicit Pack(Number value) : low(value), high(value) {}
  Pack(const Vector& low, const Vector& high) : low(low), high(high) {}

  /// The first `count` numbers at `data`; the lanes behind them are 0.
  static Pack load(const scalar_t* data, int64_t count = size) {
    if constexpr (std::is_same_v<scalar_t, Number>) {
      if (count == size) return {Vector::loadu(data), Vector::loadu(data + half)};
      return {Vector::loadu(data, std::min(count, half)), count > half ? Vector::loadu(data + half, count - half) : Vector(Number(0))};
    } else {
      using Narrow = at::vec::Vectorized<scalar_t>;
      const auto [low, high] = at::vec::convert_to_float<scalar_t>(count == size ? Narrow::loadu(data) : Narrow::loadu(data, count));
      return {low, high};
    }
  }

  void store(scalar_t* data, int64_t count = size) const {
    if constexpr (std::is_same_v<scalar_t, Number>) {
      low.store(data, std::min(count, half));
      if (count > half) high.store(data + half, count - half);
    } else {
#ifdef __AVX512BF16__
      if constexpr (std::is_same_v<scalar_t, at::BFloat16> && half == 16) {
        const auto narrow = _mm512_cvtne2ps_pbh(high, low);  // one instruction for what libtorch does in ten
        if (count == size) return _mm512_storeu_si512(data, reinterpret_cast<const __m512i&>(narrow));
        return _mm512_mask_storeu_epi16(data, (__mmask32(1) << count) - 1, reinterpret_cast<const __m512i&>(narrow));
      }
#endif
      at::vec::convert_from_float<scalar_t>(low, high).store(data, count);
    }
  }

  /// The larger of both, lane by lane, of the first `count` lanes.
  Pack maximum(const Pack& other, int64_t count = size) const {
    if (count == size) return {at::vec::maximum(low, other.low), at::vec::maximum(high, other.high)};
    return {Vector::set(low, at::vec::maximum(low, other.low), std::min(count, half)), count > half ? Vector::set(high, at::vec::maximum(high, other.high), count - half) : high};
  }

  /// The sum, lane by lane, of the first `count` lanes.
  Pack plus(const Pack& other, int64_t count = size) const {
    if (count == size) return {low + other.low, high + other.high};
    return {Vector::set(low, low + other.low, std::min(count, half)), count > half ? Vector::set(high, high + other.high, count - half) : high};
  }

  Number largest() const {
    Number lanes[half];
    at::vec::maximum(low, high).store(lanes);
    return *std::max_element(lanes, lanes + half);
  }

  Number sum() const {
    Number lanes[half];
    (low + high).store(lanes);
    Number total = 0;
    for (const auto lane : lanes) total += lane;
    return total;
  }

  friend Pack operator+(const Pack& a, const Pack& b) { return {a.low + b.low, a.high + b.high}; }
  friend Pack operator-(const Pack& a, const Pack& b) { return {a.low - b.low, a.high - b.high}; }
  friend Pack operator*(const Pack& a, const Pack& b) { return {a.low * b.low, a.high * b.high}; }
  friend Pack operator/(const Pack& a, const Pack& b) { return {a.low / b.low, a.high / b.high}; }
  Pack negated() const { return {low.neg(), high.neg()}; }

  /// this * factor + summand
  Pack times(const Pack& factor, const Pack& summand) const {
    return {at::vec::fmadd(low, factor.low, summand.low), at::vec::fmadd(high, factor.high, summand.high)};
  }

  Pack exponential() const {
    if constexpr (std::is_same_v<Number, float>)
      return {low.exp_u20(), high.exp_u20()};  // within 20 units in the last place, twice as fast as exp()
    else
      return {low.exp(), high.exp()};
  }
};

/// body(place, count) for each stretch of a row; `count` is Pack::size but for the last.
template <typename scalar_t, typename Body>
inline void sweep(int64_t width, Body body) {
  constexpr int64_t step = Pack<scalar_t>::size;
  int64_t i = 0;
  for (; i + step <= width; i += step) body(i, step);
  if (i < width) body(i, width - i);
}

}  // namespace tunesmith
