// GPTQ over the block types of GGUF files: the grids of blocks that gguf_quantize fitted, columns rounded to them one after another (gptq_tile.h), and the levels put in the place of those that
// the blocks had. The scales of a block are read as a reader will read them, so that what they lost by being stored is made up for like everything else.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include "kernels/gguf_types.h"
#include "kernels/gptq_tile.h"

namespace tunesmith {
namespace {

using Vector = at::vec::Vectorized<float>;

const gguf::Type& blockType(c10::string_view name) {
  const auto& type = gguf::typeOf(name);
  TORCH_CHECK(type.levels, "type: ", name, " has no blocks, and so no levels");
  return type;
}

void checkBlocks(const at::Tensor& blocks, const gguf::Type& type) {
  TORCH_CHECK(blocks.scalar_type() == at::kByte, "blocks: expected dtype uint8");
  TORCH_CHECK(blocks.dim() == 2 && blocks.size(1) % type.blockBytes == 0, "blocks: size mismatch: expected [rows, bytes] with a multiple of ", type.blockBytes, " bytes for ", type.name);
  TORCH_CHECK(blocks.is_contiguous(), "expected contiguous tensors");
}

/// Scales and offsets [groups, rows].
std::tuple<at::Tensor, at::Tensor> ggufGrids(const at::Tensor& blocks, c10::string_view name) {
  const auto& type = blockType(name);
  checkBlocks(blocks, type);
  const int64_t rows = blocks.size(0), perRow = blocks.size(1) / type.blockBytes, groups = type.blockElements / type.levels->groupElements;
  auto scales = at::empty({perRow * groups, rows}, at::TensorOptions(at::kFloat)), offsets = at::empty_like(scales);
  const auto* bytes = blocks.const_data_ptr<uint8_t>();
  auto *scaleOf = scales.mutable_data_ptr<float>(), *offsetOf = offsets.mutable_data_ptr<float>();
  at::parallel_for(0, rows, 16, [&](int64_t begin, int64_t end) {
    float scale[16], offset[16];
    for (int64_t row = begin; row < end; row++) {
      for (int64_t block = 0; block < perRow; block++) {
        type.levels->grids(bytes + (row * perRow + block) * type.blockBytes, scale, offset);
        for (int64_t group = 0; group < groups; group++) {
          scaleOf[(block * groups + group) * rows + row] = scale[group];
          offsetOf[(block * groups + group) * rows + row] = offset[group];
        }
      }
    }
  });
  return {scales, offsets};
}

/// Even steps: value = (level - zero) * scale - offset. Where a scale was rounded to zero every level is the same.
struct Steps {
  static constexpr bool staysRounded = true;
  const Vector zero, least, most;

  explicit Steps(const gguf::Levels& levels) : zero(static_cast<float>(levels.zero)), least(static_cast<float>(levels.least)), most(static_cast<float>(levels.top)) {}

  std::pair<Vector, Vector> round(Vector value, Vector scale, Vector offset) const {
    const Vector none(0.f), one(1.f);
    const auto divisor = Vector::blendv(scale, one, scale == none);
    const auto level = at::vec::clamp(((value + offset) / divisor).round() + zero, least, most);
    const auto steps = (level - zero) * scale;
    return {level, steps - offset};
  }
};

/// value = scale * line[level]: the nearest of sixteen.
struct Line {
  static constexpr bool staysRounded = true;
  const float* line;

  std::pair<Vector, Vector> round(Vector value, Vector scale, Vector) const {
    const Vector none(0.f), one(1.f);
    const auto steps = value / Vector::blendv(scale, one, scale == none);
    Vector level = none, chosen(line[0]);
    for (int k = 0; k < 15; k++) {
      const auto above = steps >= Vector((line[k] + line[k + 1]) / 2);
      level = Vector::blendv(level, Vector(static_cast<float>(k + 1)), above);
      chosen = Vector::blendv(chosen, Vector(line[k + 1]), above);
    }
    return {level, chosen * scale};
  }
};

void ggufColumns(const at::Tensor& left, const at::Tensor& errors, const at::Tensor& levels, const at::Tensor& factor, const at::Tensor& scales, const at::Tensor& offsets, at::IntArrayRef groups, int64_t first, c10::string_view name) {
  const auto& type = blockType(name);
  for (const auto* each : {&left, &errors, &factor, &scales, &offsets}) TORCH_CHECK(each->scalar_type() == at::kFloat, "expected dtype float32");
  gptq::check(left, errors, levels, factor, scales, offsets, groups, first);
  const auto weights = factor.contiguous();  // Cholesky leaves it by columns
  const gptq::Block<float> block{left.mutable_data_ptr<float>(), errors.mutable_data_ptr<float>(), levels.mutable_data_ptr<uint8_t>(), weights.const_data_ptr<float>(), scales.const_data_ptr<float>(),
                                 offsets.const_data_ptr<float>(), left.size(0), left.size(1)};
  if (type.levels->line) {
    gptq::roundColumns(block, groups, first, Line{type.levels->line});
  } else {
    gptq::roundColumns(block, groups, first, Steps(*type.levels));
  }
}

/// `levels` [columns, rows] into the blocks of a whole matrix [rows, bytes].
void ggufPack(const at::Tensor& blocks, const at::Tensor& levels, c10::string_view name) {
  const auto& type = blockType(name);
  checkBlocks(blocks, type);
  const int64_t rows = blocks.size(0), perRow = blocks.size(1) / type.blockBytes;
  TORCH_CHECK(levels.scalar_type() == at::kByte, "levels: expected dtype uint8");
  TORCH_CHECK(levels.dim() == 2 && levels.size(0) == perRow * type.blockElements && levels.size(1) == rows, "levels: size mismatch: expected [columns, rows] of ", perRow * type.blockElements, " columns and ", rows, " rows");
  const auto byRow = levels.t().contiguous();
  const auto* level = byRow.const_data_ptr<uint8_t>();
  auto* bytes = blocks.mutable_data_ptr<uint8_t>();
  at::parallel_for(0, rows * perRow, 64, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) type.levels->pack(level + block * type.blockElements, bytes + block * type.blockBytes);
  });
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("gguf_grids(Tensor blocks, str type) -> (Tensor scales, Tensor offsets)");
  library.def("gguf_columns_(Tensor(a!) left, Tensor(b!) errors, Tensor(c!) levels, Tensor factor, Tensor scales, Tensor offsets, int[] groups, int first, str type) -> ()");
  library.def("gguf_pack_(Tensor(a!) blocks, Tensor levels, str type) -> ()");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) {
  library.impl("gguf_grids", ggufGrids);
  library.impl("gguf_columns_", ggufColumns);
  library.impl("gguf_pack_", ggufPack);
}

}  // namespace tunesmith
