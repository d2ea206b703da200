#pragma once
// Products of small matrices that lie in the caches, for kernels that go through a large one block by block: libtorch's block GEMM where this
// machine has one for the type (on AMX, AVX-512 …), plain loops elsewhere. Right factors are packed first, in the order that the block GEMM reads.

#include <ATen/OpMathType.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/pack.h"

namespace tunesmith {

/// What tiles of numbers of this type are held in: bfloat16 as it is where the block GEMM takes it; else wide.
bool blockProductsOfBFloat16();
bool blockProductsOfFloat();

/// Numbers of two bytes, alone and two side by side, whatever they are written as elsewhere.
using Half16 [[gnu::may_alias]] = uint16_t;
using Pair16 [[gnu::may_alias]] = uint32_t;

/// Rounded up to a multiple.
constexpr int64_t roundUp(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

/// Calls body.template operator()<Element>() with the type of tiles for numbers of type scalar_t.
template <typename scalar_t, typename Body>
void withTileElement(Body body) {
  if constexpr (std::is_same_v<scalar_t, double>) return body(double());
  if constexpr (std::is_same_v<scalar_t, at::BFloat16>)
    if (blockProductsOfBFloat16()) return body(at::BFloat16());
  if constexpr (!std::is_same_v<scalar_t, double>) return body(float());
}

/// Left factors [rows, inner] are row-major. Right factors [inner, columns] are packed: bfloat16 with each two inner places side by side,
/// [inner / 2, columns, 2] (inner must be even); other types row-major. Sums are wide.
template <typename Element>
struct Tiles {
  using Number = at::opmath_type<Element>;
  static constexpr bool paired = std::is_same_v<Element, at::BFloat16>;

  /// sums [rows, columns] (+)= left [rows, inner] x right [inner, columns], whose packed columns are `rightWidth` apart.
  static void product(int64_t rows, int64_t columns, int64_t inner, const Element* left, int64_t leftStride, const Element* right, int64_t rightWidth, Number* sums,
                      int64_t sumsStride, bool add) {
    if constexpr (paired) {
      at::native::cpublas::brgemm(rows, columns, inner, leftStride, rightWidth, sumsStride, add, left, right, sums, true);
      return;
    } else if constexpr (std::is_same_v<Element, float>) {
      if (blockProductsOfFloat()) {
        at::native::cpublas::brgemm(rows, columns, inner, leftStride, rightWidth, sumsStride, add, left, right, sums, false);
        return;
      }
    }
    if constexpr (!paired) {
      for (int64_t i = 0; i < rows; i++) {
        Number* sum = sums + i * sumsStride;
        if (!add) std::fill_n(sum, columns, Number(0));
        for (int64_t k = 0; k < inner; k++) {
          const Number factor = left[i * leftStride + k];
          const Element* row = right + k * rightWidth;
          for (int64_t j = 0; j < columns; j++) sum[j] += factor * row[j];
        }
      }
    }
  }

  /// To call on each thread after its last product.
  static void done() {
    if constexpr (paired) at::native::cpublas::brgemm_release(true);
  }

  /// A left factor: [rows, width] of source to [toRows, toWidth], zeros around.
  template <typename scalar_t>
  static void copyRows(const scalar_t* source, int64_t stride, int64_t rows, int64_t width, Element* target, int64_t toRows, int64_t toWidth) {
    for (int64_t i = 0; i < rows; i++) {
      const scalar_t* from = source + i * stride;
      Element* to = target + i * toWidth;
      if constexpr (std::is_same_v<scalar_t, Element>)
        std::memcpy(to, from, width * sizeof(Element));
      else
        for (int64_t k = 0; k < width; k++) to[k] = static_cast<Element>(from[k]);
      std::fill(to + width, to + toWidth, Element(0));
    }
    std::fill_n(target + rows * toWidth, (toRows - rows) * toWidth, Element(0));
  }

  /// A right factor from row-major rows [inner, columns], both already padded (inner even); packed columns are `width` apart.
  static void packRows(const Element* source, int64_t stride, int64_t inner, int64_t columns, Element* target, int64_t width) {
    if constexpr (paired) {
      auto* out = reinterpret_cast<Pair16*>(target);
      const auto* in = reinterpret_cast<const Half16*>(source);
      for (int64_t k = 0; k < inner; k += 2) {
        const Half16 *first = in + k * stride, *second = first + stride;
        Pair16* pairs = out + k / 2 * width;
        for (int64_t j = 0; j < columns; j++) pairs[j] = static_cast<uint32_t>(first[j]) | static_cast<uint32_t>(second[j]) << 16;
      }
    } else {
      for (int64_t k = 0; k < inner; k++) std::memcpy(target + k * width, source + k * stride, columns * sizeof(Element));
    }
  }

  /// A right factor from its transpose, row-major rows [columns, inner], both already padded (inner even).
  static void packTransposed(const Element* source, int64_t stride, int64_t columns, int64_t inner, Element* target, int64_t width) {
    if constexpr (paired)
      transpose(reinterpret_cast<const Pair16*>(source), stride / 2, columns, inner / 2, reinterpret_cast<Pair16*>(target), width);
    else
      transpose(source, stride, columns, inner, target, width);
  }

  /// target [columns, rows] = source [rows, columns] transposed.
  template <typename T>
  static void transpose(const T* source, int64_t stride, int64_t rows, int64_t columns, T* target, int64_t targetStride) {
    constexpr int64_t block = 16;
    for (int64_t i = 0; i < rows; i += block) {
      const int64_t height = std::min(block, rows - i);
      for (int64_t k = 0; k < columns; k += block) {
        const int64_t breadth = std::min(block, columns - k);
#ifdef CPU_CAPABILITY_AVX512
        if constexpr (sizeof(T) == 4) {
          if (height == block && breadth == block) {
            transpose16(reinterpret_cast<const float*>(source + i * stride + k), stride, reinterpret_cast<float*>(target + k * targetStride + i), targetStride);
            continue;
          }
        }
#endif
        for (int64_t b = 0; b < breadth; b++)
          for (int64_t a = 0; a < height; a++) target[(k + b) * targetStride + i + a] = source[(i + a) * stride + k + b];
      }
    }
  }

#ifdef CPU_CAPABILITY_AVX512
  /// 16 x 16 numbers of four bytes, in registers.
  static void transpose16(const float* source, int64_t stride, float* target, int64_t targetStride) {
    __m512 a[16], b[16];
    for (int i = 0; i < 16; i++) a[i] = _mm512_loadu_ps(source + i * stride);
    for (int i = 0; i < 16; i += 2) {
      b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
      b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
      const auto wide = [](__m512 x) { return _mm512_castps_pd(x); };
      a[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(wide(b[i]), wide(b[i + 2])));
      a[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(wide(b[i]), wide(b[i + 2])));
      a[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(wide(b[i + 1]), wide(b[i + 3])));
      a[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(wide(b[i + 1]), wide(b[i + 3])));
    }
    for (int i = 0; i < 4; i++) {
      b[i] = _mm512_shuffle_f32x4(a[i], a[i + 4], 0x88);
      b[i + 4] = _mm512_shuffle_f32x4(a[i], a[i + 4], 0xdd);
      b[i + 8] = _mm512_shuffle_f32x4(a[i + 8], a[i + 12], 0x88);
      b[i + 12] = _mm512_shuffle_f32x4(a[i + 8], a[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
      _mm512_storeu_ps(target + i * targetStride, _mm512_shuffle_f32x4(b[i], b[i + 8], 0x88));
      _mm512_storeu_ps(target + (i + 4) * targetStride, _mm512_shuffle_f32x4(b[i + 4], b[i + 12], 0x88));
      _mm512_storeu_ps(target + (i + 8) * targetStride, _mm512_shuffle_f32x4(b[i], b[i + 8], 0xdd));
      _mm512_storeu_ps(target + (i + 12) * targetStride, _mm512_shuffle_f32x4(b[i + 4], b[i + 12], 0xdd));
    }
  }
#endif
};

}  // namespace tunesmith
