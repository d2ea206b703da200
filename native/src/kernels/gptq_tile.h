// The column loop of GPTQ (arXiv 2210.17323, algorithm 1) within a block of columns: round a column to its grid, and take what that lost, as the inverse Hessian's factor weighs it, from
// the columns after it. Columns lie in rows of memory ([columns, out]); the rows of the weight know nothing of each other, so threads share them out, a tile that stays in the first cache at a
// time. Products are rounded before they are taken away, never fused, so that every machine chooses the same levels.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tunesmith::gptq {

/// Rows of the weight that are worked on together: 128 columns of so many float32 numbers are 16 KiB.
constexpr int64_t tile = 32;

template <typename number_t>
struct Block {
  number_t* left;
  number_t* errors;
  uint8_t* levels;
  const number_t* factor;
  const number_t* scales;
  /// What the grid has beside a scale: zero points or offsets.
  const number_t* zeros;
  int64_t count, rows;
};

inline void check(const at::Tensor& left, const at::Tensor& errors, const at::Tensor& levels, const at::Tensor& factor, const at::Tensor& scales, const at::Tensor& zeros, at::IntArrayRef groups, int64_t first) {
  TORCH_CHECK(left.dim() == 2, "left: size mismatch: expected [columns, out]");
  const int64_t count = left.size(0), rows = left.size(1);
  TORCH_CHECK(levels.scalar_type() == at::kByte, "levels: expected dtype uint8");
  TORCH_CHECK(errors.sizes() == left.sizes() && levels.sizes() == left.sizes(), "errors and levels: size mismatch: expected [columns, out]");
  TORCH_CHECK(factor.dim() == 2 && factor.size(0) == count && factor.size(1) == count, "factor: size mismatch: expected [columns, columns]");
  TORCH_CHECK(scales.dim() == 2 && scales.size(1) == rows && zeros.sizes() == scales.sizes(), "scales and zeros: size mismatch: expected [groups, out]");
  TORCH_CHECK(first >= 0 && first + static_cast<int64_t>(groups.size()) <= count, "groups: size mismatch: expected a group for each of at most ", count - first, " columns from column ", first, " on, got ", groups.size());
  for (const auto group : groups) TORCH_CHECK(group >= 0 && group < scales.size(0), "groups: expected numbers below ", scales.size(0), ", got ", group);
  for (const auto* each : {&left, &errors, &levels, &scales, &zeros}) TORCH_CHECK(each->is_contiguous(), "expected contiguous tensors");
}

/// Rows [begin, begin + width) of the weight; columns [first, first + groups) are rounded. `grid.round(value, scale, zero)` gives the level and what it stands for, which takes
/// the place of the value where the grid `staysRounded`.
template <typename number_t, typename Grid>
void roundTile(const Block<number_t>& block, at::IntArrayRef groups, int64_t first, const Grid& grid, int64_t begin, int64_t width, std::vector<number_t>& own) {
  using Vector = at::vec::Vectorized<number_t>;
  static_assert(tile % Vector::size() == 0);
  number_t scales[tile], zeros[tile], levels[tile], errors[tile];
  // Lanes behind the last row are computed with, and thrown away.
  std::fill(scales, scales + tile, number_t(1));
  std::fill(zeros, zeros + tile, number_t(0));
  for (int64_t column = first; column < block.count; column++) {
    const auto* from = block.left + column * block.rows + begin;
    std::fill(std::copy(from, from + width, own.data() + column * tile), own.data() + (column + 1) * tile, number_t(0));
  }
  for (int64_t at = 0; at < static_cast<int64_t>(groups.size()); at++) {
    const int64_t column = first + at, place = groups[at] * block.rows + begin;
    std::copy(block.scales + place, block.scales + place + width, scales);
    std::copy(block.zeros + place, block.zeros + place + width, zeros);
    const auto* weights = block.factor + column * block.count;
    const Vector diagonal(weights[column]);
    for (int64_t lane = 0; lane < tile; lane += Vector::size()) {
      const auto value = Vector::loadu(own.data() + column * tile + lane);
      const auto [level, rounded] = grid.round(value, Vector::loadu(scales + lane), Vector::loadu(zeros + lane));
      const auto lost = value - rounded;
      if constexpr (Grid::staysRounded) rounded.store(own.data() + column * tile + lane);
      level.store(levels + lane);
      (lost / diagonal).store(errors + lane);
    }
    std::copy(errors, errors + width, block.errors + column * block.rows + begin);
    // What is not a number, as where a scale is infinite, becomes 0 here: the caller finds it by its scale.
    std::transform(levels, levels + width, block.levels + column * block.rows + begin, [](number_t level) { return level > 0 ? static_cast<uint8_t>(level) : uint8_t(0); });
    for (int64_t later = column + 1; later < block.count; later++) {
      const Vector weight(weights[later]);
      auto* values = own.data() + later * tile;
      for (int64_t lane = 0; lane < tile; lane += Vector::size()) {
        const auto share = weight * Vector::loadu(errors + lane);
        (Vector::loadu(values + lane) - share).store(values + lane);
      }
    }
  }
  for (int64_t column = first; column < block.count; column++) {
    const auto* from = own.data() + column * tile;
    std::copy(from, from + width, block.left + column * block.rows + begin);
  }
}

template <typename number_t, typename Grid>
void roundColumns(const Block<number_t>& block, at::IntArrayRef groups, int64_t first, const Grid& grid) {
  at::parallel_for(0, (block.rows + tile - 1) / tile, 1, [&](int64_t begin, int64_t end) {
    std::vector<number_t> own(block.count * tile);
    for (int64_t at = begin; at < end; at++) roundTile(block, groups, first, grid, at * tile, std::min(tile, block.rows - at * tile), own);
  });
}

}  // namespace tunesmith::gptq
