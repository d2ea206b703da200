#include "composed/quantized_blocks.h"

namespace tunesmith {
namespace {

/// One number for each element of what is cut into blocks of `size`.
at::Tensor spread(const at::Tensor& ofBlocks, int64_t size, int64_t count) { return ofBlocks.repeat_interleave(size).slice(0, 0, count); }

}  // namespace

at::Tensor composedBlocks(at::TensorList parts, bool normal, int64_t rows, int64_t columns, at::ScalarType dtype, at::ArrayRef<float> values, at::ArrayRef<float> scaleValues) {
  const int64_t count = rows * columns;
  const auto table = [&](at::ArrayRef<float> numbers) { return at::tensor(numbers, at::kFloat).to(parts[0].device()); };
  at::Tensor numbers, scales;
  if (normal) {
    const auto codes = at::stack({parts[0].__rshift__(4), parts[0].bitwise_and(15)}, 1).flatten().slice(0, 0, count);
    numbers = table(values).index_select(0, codes.to(at::kInt));
    scales = table(scaleValues).index_select(0, parts[1].to(at::kInt)) * spread(parts[2], scaleBlockSize, parts[1].numel()) + parts[3];
  } else {
    numbers = parts[0].to(at::kFloat);
    scales = parts[1] / 127;
  }
  return (numbers * spread(scales, blockSize, count)).to(dtype).view({rows, columns});
}

}  // namespace tunesmith
