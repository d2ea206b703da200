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
      at::vec::convert_from_float<scalar_t>(low, high).store(data, count);
    }
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
