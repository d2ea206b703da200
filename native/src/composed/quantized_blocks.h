#pragma once

#include <ATen/ATen.h>

namespace tunesmith {

/// Consecutive weights that share a scale, and scales that share one.
constexpr int64_t blockSize = 64, scaleBlockSize = 256;

/// The matrix [rows, columns] that blocks of codes and scales stand for (kernels/quantized_linear.cc), on whatever device the parts are.
/// `values`: the 16 of nf4; `scaleValues`: the 256 that its scales are coded by; both unused for int8.
at::Tensor composedBlocks(at::TensorList parts, bool normal, int64_t rows, int64_t columns, at::ScalarType dtype, at::ArrayRef<float> values, at::ArrayRef<float> scaleValues);

}  // namespace tunesmith
