#pragma once
// Products of matrices with many rows, where a pass over a long batch spends its time.

#include <ATen/ATen.h>

namespace tunesmith {

/// Whether this processor has a kernel of ours for them. With AVX-512 libtorch's products are as fast.
bool multipliesManyRows(at::ScalarType type);

/// output [rows, columns] = left [rows, inner] x right [inner, columns] + bias [columns], where there is one; all of one type, left and right lying in any way, the
/// numbers of a row of the output side by side. Each number is summed in float32 from the first inner place to the last, whatever else is in the product, and rounded once.
void multiplyManyRows(const at::Tensor& left, const at::Tensor& right, const at::Tensor& bias, at::Tensor& output);

}  // namespace tunesmith
