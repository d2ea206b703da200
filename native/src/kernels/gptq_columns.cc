// The column loop of GPTQ (arXiv 2210.17323, algorithm 1) within a block of columns: round a column to its grid, and take what that lost, as the inverse Hessian's factor weighs it, from
// the columns after it. Columns lie in rows of memory ([columns, out]); the rows of the weight know nothing of each other, so threads share them out, a tile that stays in the first cache at a
// time. Products are rounded before they are taken away, never fused, so that every machine chooses the same levels.

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/vec/vec.h>
#include <torch/library.h>

#include <algorithm>
#include <vector>

namespace tunesmith {
namespace {

/// Rows of the weight that are worked on together: 128 columns of so many float32 numbers are 16 KiB.
constexpr int64_t tile = 32;

template <typename number_t>
struct Block {
  number_t* left;
  number_t* errors;
  uint8_t* levels;
  const number_t* factor;
  const number_t* scales;
  const number_t* zeros;
  int64_t count, rows;
};

/// Rows [begin, begin + width) of the weight; columns [first, first + groups) are rounded.
template <typename number_t>
void roundTile(const Block<number_t>& block, at::IntArrayRef groups, int64_t first, number_t top, int64_t begin, int64_t width, std::vector<number_t>& own) {
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
  const Vector lowest(number_t(0)), highest(top);
  for (int64_t at = 0; at < static_cast<int64_t>(groups.size()); at++) {
    const int64_t column = first + at, grid = groups[at] * block.rows + begin;
    std::copy(block.scales + grid, block.scales + grid + width, scales);
    std::copy(block.zeros + grid, block.zeros + grid + width, zeros);
    const auto* weights = block.factor + column * block.count;
    const Vector diagonal(weights[column]);
    for (int64_t lane = 0; lane < tile; lane += Vector::size()) {
      const auto value = Vector::loadu(own.data() + column * tile + lane), scale = Vector::loadu(scales + lane), zero = Vector::loadu(zeros + lane);
      const auto level = at::vec::clamp((value / scale).round() + zero, lowest, highest);
      const auto rounded = (level - zero) * scale;
      const auto lost = value - rounded;
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

void gptqColumns(const at::Tensor& left, const at::Tensor& errors, const at::Tensor& levels, const at::Tensor& factor, const at::Tensor& scales, const at::Tensor& zeros, at::IntArrayRef groups, int64_t first, int64_t top) {
  TORCH_CHECK(left.dim() == 2, "left: size mismatch: expected [columns, out]");
  const int64_t count = left.size(0), rows = left.size(1);
  const auto type = left.scalar_type();
  TORCH_CHECK(type == at::kFloat || type == at::kDouble, "left: expected dtype float32 or float64");
  TORCH_CHECK(errors.scalar_type() == type && factor.scalar_type() == type && scales.scalar_type() == type && zeros.scalar_type() == type, "errors, factor, scales and zeros: expected the dtype of left");
  TORCH_CHECK(levels.scalar_type() == at::kByte, "levels: expected dtype uint8");
  TORCH_CHECK(errors.sizes() == left.sizes() && levels.sizes() == left.sizes(), "errors and levels: size mismatch: expected [columns, out]");
  TORCH_CHECK(factor.dim() == 2 && factor.size(0) == count && factor.size(1) == count, "factor: size mismatch: expected [columns, columns]");
  TORCH_CHECK(scales.dim() == 2 && scales.size(1) == rows && zeros.sizes() == scales.sizes(), "scales and zeros: size mismatch: expected [groups, out]");
  TORCH_CHECK(first >= 0 && first + static_cast<int64_t>(groups.size()) <= count, "groups: size mismatch: expected a group for each of at most ", count - first, " columns from column ", first, " on, got ", groups.size());
  for (const auto group : groups) TORCH_CHECK(group >= 0 && group < scales.size(0), "groups: expected numbers below ", scales.size(0), ", got ", group);
  TORCH_CHECK(top > 0 && top < 256, "top: expected a level that a byte holds, got ", top);
  for (const auto* each : {&left, &errors, &levels, &scales, &zeros}) TORCH_CHECK(each->is_contiguous(), "expected contiguous tensors");
  const auto weights = factor.contiguous();  // Cholesky leaves it by columns
  AT_DISPATCH_FLOATING_TYPES(type, "gptq_columns_", [&] {
    const Block<scalar_t> block{left.mutable_data_ptr<scalar_t>(), errors.mutable_data_ptr<scalar_t>(), levels.mutable_data_ptr<uint8_t>(), weights.const_data_ptr<scalar_t>(), scales.const_data_ptr<scalar_t>(),
                                zeros.const_data_ptr<scalar_t>(), count, rows};
    at::parallel_for(0, (rows + tile - 1) / tile, 1, [&](int64_t begin, int64_t end) {
      std::vector<scalar_t> own(count * tile);
      for (int64_t at = begin; at < end; at++) roundTile<scalar_t>(block, groups, first, static_cast<scalar_t>(top), at * tile, std::min(tile, rows - at * tile), own);
    });
  });
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("gptq_columns_(Tensor(a!) left, Tensor(b!) errors, Tensor(c!) levels, Tensor factor, Tensor scales, Tensor zeros, int[] groups, int first, int top) -> ()");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("gptq_columns_", gptqColumns); }

}  // namespace tunesmith
