#pragma once
// Arithmetic on one row of numbers, vectorized: float, bfloat16 and half in float32, double in double.

#include <ATen/OpMathType.h>
#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace tunesmith {

template <typename scalar_t>
using Lanes = at::vec::Vectorized<at::opmath_type<scalar_t>>;

/// Calls body(place, count, numbers) for each stretch of a row; the numbers are float (or double), as many as `count` (0: a full vector).
/// bfloat16 and half come as two vectors per load.
template <typename scalar_t, typename Body>
inline void forEachVector(const scalar_t* row, int64_t width, Body body) {
  using opmath_t = at::opmath_type<scalar_t>;
  if constexpr (std::is_same_v<scalar_t, opmath_t>) {
    constexpr int64_t step = Lanes<scalar_t>::size();
    int64_t i = 0;
    for (; i + step <= width; i += step) body(i, step, Lanes<scalar_t>::loadu(row + i));
    if (i < width) body(i, width - i, Lanes<scalar_t>::loadu(row + i, width - i));
  } else {
    using Narrow = at::vec::Vectorized<scalar_t>;
    constexpr int64_t half = Lanes<scalar_t>::size(), step = Narrow::size();
    int64_t i = 0;
    for (; i + step <= width; i += step) {
      const auto [low, high] = at::vec::convert_to_float<scalar_t>(Narrow::loadu(row + i));
      body(i, half, low);
      body(i + half, half, high);
    }
    if (i < width) {
      const auto [low, high] = at::vec::convert_to_float<scalar_t>(Narrow::loadu(row + i, width - i));
      body(i, std::min(half, width - i), low);
      if (width - i > half) body(i + half, width - i - half, high);
    }
  }
}

/// row[i] = map(row[i]) in float32 (or double).
template <typename scalar_t, typename Map>
inline void mapInPlace(scalar_t* row, int64_t width, Map map) {
  using opmath_t = at::opmath_type<scalar_t>;
  if constexpr (std::is_same_v<scalar_t, opmath_t>) {
    constexpr int64_t step = Lanes<scalar_t>::size();
    int64_t i = 0;
    for (; i + step <= width; i += step) map(Lanes<scalar_t>::loadu(row + i)).store(row + i);
    if (i < width) map(Lanes<scalar_t>::loadu(row + i, width - i)).store(row + i, width - i);
  } else {
    using Narrow = at::vec::Vectorized<scalar_t>;
    constexpr int64_t step = Narrow::size();
    int64_t i = 0;
    for (; i + step <= width; i += step) {
      const auto [low, high] = at::vec::convert_to_float<scalar_t>(Narrow::loadu(row + i));
      at::vec::convert_from_float<scalar_t>(map(low), map(high)).store(row + i);
    }
    if (i < width) {
      const auto [low, high] = at::vec::convert_to_float<scalar_t>(Narrow::loadu(row + i, width - i));
      at::vec::convert_from_float<scalar_t>(map(low), map(high)).store(row + i, width - i);
    }
  }
}

template <typename Vector>
inline Vector exponential(const Vector& x) {
  if constexpr (std::is_same_v<typename Vector::value_type, float>)
    return x.exp_u20();  // within 20 units in the last place, twice as fast as exp()
  else
    return x.exp();
}

/// log(sum(exp(row))), without overflow.
template <typename scalar_t>
inline at::opmath_type<scalar_t> logSumExp(const scalar_t* row, int64_t width) {
  using opmath_t = at::opmath_type<scalar_t>;
  using Vector = Lanes<scalar_t>;
  Vector most(-std::numeric_limits<opmath_t>::infinity());
  forEachVector(row, width, [&](int64_t, int64_t count, const Vector& x) { most = Vector::set(most, at::vec::maximum(most, x), count); });
  opmath_t lanes[Vector::size()];
  most.store(lanes);
  const opmath_t largest = *std::max_element(lanes, lanes + Vector::size());
  if (!std::isfinite(largest)) return largest;  // all -inf, or an overflow that the caller's loss check must see
  const Vector shift(largest);
  Vector total(opmath_t(0));
  forEachVector(row, width, [&](int64_t, int64_t count, const Vector& x) {
    const auto term = total + exponential(x - shift);
    total = Vector::set(total, term, count);
  });
  total.store(lanes);
  opmath_t sum = 0;
  for (const auto lane : lanes) sum += lane;
  return largest + std::log(sum);
}

/// row[i] = scale * exp(row[i] - normalizer)
template <typename scalar_t>
inline void softmaxInPlace(scalar_t* row, int64_t width, at::opmath_type<scalar_t> normalizer, at::opmath_type<scalar_t> scale) {
  using Vector = Lanes<scalar_t>;
  const Vector shift(normalizer), factor(scale);
  mapInPlace(row, width, [&](const Vector& x) { return exponential(x - shift) * factor; });
}

}  // namespace tunesmith
