// The column loop of GPTQ (gptq_tile.h) with grids of whole steps: what packed Hugging Face folders hold.

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include "kernels/gptq_tile.h"

namespace tunesmith {
namespace {

/// Whole steps from a zero point: value = (level - zero) * scale.
template <typename number_t>
struct IntegerGrid {
  static constexpr bool staysRounded = false;
  using Vector = at::vec::Vectorized<number_t>;
  const Vector lowest = Vector(number_t(0)), highest;

  std::pair<Vector, Vector> round(Vector value, Vector scale, Vector zero) const {
    const auto level = at::vec::clamp((value / scale).round() + zero, lowest, highest);
    return {level, (level - zero) * scale};
  }
};

void gptqColumns(const at::Tensor& left, const at::Tensor& errors, const at::Tensor& levels, const at::Tensor& factor, const at::Tensor& scales, const at::Tensor& zeros, at::IntArrayRef groups, int64_t first, int64_t top) {
  const auto type = left.scalar_type();
  TORCH_CHECK(type == at::kFloat || type == at::kDouble, "left: expected dtype float32 or float64");
  TORCH_CHECK(errors.scalar_type() == type && factor.scalar_type() == type && scales.scalar_type() == type && zeros.scalar_type() == type, "errors, factor, scales and zeros: expected the dtype of left");
  gptq::check(left, errors, levels, factor, scales, zeros, groups, first);
  TORCH_CHECK(top > 0 && top < 256, "top: expected a level that a byte holds, got ", top);
  const auto weights = factor.contiguous();  // Cholesky leaves it by columns
  AT_DISPATCH_FLOATING_TYPES(type, "gptq_columns_", [&] {
    const gptq::Block<scalar_t> block{left.mutable_data_ptr<scalar_t>(), errors.mutable_data_ptr<scalar_t>(), levels.mutable_data_ptr<uint8_t>(), weights.const_data_ptr<scalar_t>(), scales.const_data_ptr<scalar_t>(),
                                      zeros.const_data_ptr<scalar_t>(), left.size(0), left.size(1)};
    gptq::roundColumns(block, groups, first, IntegerGrid<scalar_t>{.highest = at::vec::Vectorized<scalar_t>(static_cast<scalar_t>(top))});
  });
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("gptq_columns_(Tensor(a!) left, Tensor(b!) errors, Tensor(c!) levels, Tensor factor, Tensor scales, Tensor zeros, int[] groups, int first, int top) -> ()");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("gptq_columns_", gptqColumns); }

}  // namespace tunesmith
