#pragma once
// What the merge kernels share. They compute as libtorch does when it is asked for one operator after another on tensors of the models' dtype: every
// intermediate result is rounded to that dtype (bfloat16 and half: float32 arithmetic, then rounded), sums over models run from the first to the last
// in float32 and are rounded once. So one pass over the memory gives the bits that a dozen passes would.

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/share_out.h"

namespace tunesmith::merging {

/// Elements that are worked on at a time, so that their intermediates lie in the nearest cache. Divisible by 8: masks have a bit per element.
constexpr int64_t blockLength = 1024;
/// Elements of one task of a thread.
constexpr int64_t chunkLength = 1 << 16;

template <typename scalar_t>
using Number = at::opmath_type<scalar_t>;

template <typename scalar_t>
inline Number<scalar_t> widen(scalar_t value) {
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>)
    return std::bit_cast<float>(static_cast<uint32_t>(value.x) << 16);
  else
    return static_cast<Number<scalar_t>>(value);
}

/// The nearest number of the dtype, halves to even. (Not for NaN: merges refuse them before and after.)
template <typename scalar_t>
inline Number<scalar_t> rounded(Number<scalar_t> value) {
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>) {
    const auto bits = std::bit_cast<uint32_t>(value);
    return std::bit_cast<float>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u);
  } else if constexpr (std::is_same_v<scalar_t, at::Half>) {
    return static_cast<float>(static_cast<at::Half>(value));
  } else {
    return value;
  }
}

/// Of a number that is rounded already.
template <typename scalar_t>
inline scalar_t narrow(Number<scalar_t> value) {
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>)
    return at::BFloat16(static_cast<unsigned short>(std::bit_cast<uint32_t>(value) >> 16), at::BFloat16::from_bits());
  else
    return static_cast<scalar_t>(value);
}

/// A number whose order is that of magnitudes: the bits of |value| in float32, of 16-bit types the upper half.
template <typename scalar_t>
inline uint32_t magnitudeKey(Number<scalar_t> value) {
  const auto bits = std::bit_cast<uint32_t>(std::fabs(static_cast<float>(value)));
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>)
    return bits >> 16;
  else
    return bits;
}

/// Eight bytes of 0 or 1 for each byte of bits, the lowest bit first.
inline const std::array<uint64_t, 256>& expandedBits() {
  static const auto table = [] {
    std::array<uint64_t, 256> made{};
    for (uint64_t byte = 0; byte < 256; byte++)
      for (uint64_t bit = 0; bit < 8; bit++) made[byte] |= ((byte >> bit) & 1) << (8 * bit);
    return made;
  }();
  return table;
}

/// kept[i] = bit i, for a block that starts at a multiple of eight.
inline void expandBits(const uint8_t* bits, int64_t count, uint8_t* kept) {
  const auto& table = expandedBits();
  for (int64_t i = 0; i < (count + 7) / 8; i++) std::memcpy(kept + 8 * i, &table[bits[i]], 8);
}

/// The reverse; `kept` holds 0 or 1 and is readable up to a multiple of eight.
inline void packBits(uint8_t* kept, int64_t count, uint8_t* bits) {
  for (int64_t i = count; i % 8 != 0; i++) kept[i] = 0;
  for (int64_t i = 0; i < (count + 7) / 8; i++) {
    uint64_t bytes;
    std::memcpy(&bytes, kept + 8 * i, 8);
    bits[i] = static_cast<uint8_t>((bytes * 0x0102040810204080ull) >> 56);
  }
}

inline at::Tensor emptyBits(int64_t count) { return at::empty({(count + 7) / 8}, at::kByte); }

inline void checkLike(const at::Tensor& tensor, const at::Tensor& first, const char* name) {
  TORCH_CHECK(tensor.is_cpu(), name, ": expected tensors on the CPU: this kernel has no version for another device");
  TORCH_CHECK(at::isFloatingType(tensor.scalar_type()), name, ": expected a floating-point dtype");
  TORCH_CHECK(tensor.scalar_type() == first.scalar_type(), name, ": expected dtype ", first.scalar_type(), " in all, got ", tensor.scalar_type());
  TORCH_CHECK(tensor.sizes() == first.sizes(), "size mismatch: expected ", name, " of one shape, got ", tensor.sizes(), " beside ", first.sizes());
  TORCH_CHECK(tensor.is_contiguous(), name, ": expected contiguous tensors");
}

/// Runs body(first, count) for every chunk of `total` elements, on all threads.
template <typename Body>
inline void forEachChunk(int64_t total, Body body) {
  shareOut((total + chunkLength - 1) / chunkLength, [&](auto next) {
    for (int64_t chunk; (chunk = next()) >= 0;) body(chunk * chunkLength, std::min(chunkLength, total - chunk * chunkLength));
  });
}

template <typename Body>
inline void forEachBlock(int64_t first, int64_t count, Body body) {
  for (int64_t done = 0; done < count; done += blockLength) body(first + done, std::min(blockLength, count - done));
}

/// differences[i] = model[i] - base[i], rounded.
template <typename scalar_t>
inline void subtract(const scalar_t* model, const scalar_t* base, int64_t count, Number<scalar_t>* differences) {
  for (int64_t i = 0; i < count; i++) differences[i] = rounded<scalar_t>(widen(model[i]) - widen(base[i]));
}

}  // namespace tunesmith::merging
