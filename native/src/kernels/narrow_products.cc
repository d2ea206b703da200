#include "kernels/narrow_products.h"

#include <ATen/ATen.h>
#include <ATen/CPUFunctions.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <algorithm>
#include <mutex>

#include "kernels/many_rows_products.h"

namespace tunesmith {
namespace {

// Pieces whose wide copies stay in the second and third cache; each is multiplied often enough that widening it costs a few percent.
constexpr int64_t rowsAtOnce = 1024;
constexpr int64_t columnsAtOnce = 1024;
constexpr int64_t innerAtOnce = 2048;

#if !defined(__x86_64__) || defined(CPU_CAPABILITY_AVX512)
constexpr bool fastInBFloat16 = true;  // with AVX-512 oneDNN has means of its own, with pairs or without
#else
constexpr bool fastInBFloat16 = false;
#endif
#if !defined(__x86_64__) || defined(__AVX512FP16__)
constexpr bool fastInHalf = true;
#else
constexpr bool fastInHalf = false;
#endif

bool slow(const at::Tensor& tensor) {
  return (tensor.scalar_type() == at::kBFloat16 && !fastInBFloat16) || (tensor.scalar_type() == at::kHalf && !fastInHalf);
}

/// What is wrong with the shapes is for libtorch to say.
bool ours(const at::Tensor& left, const at::Tensor& right) {
  return slow(left) && left.scalar_type() == right.scalar_type() && left.dim() == 2 && right.dim() == 2 && left.size(1) == right.size(0) && left.numel() > 0 && right.numel() > 0;
}

struct Piece {
  int64_t row, rows, column, columns;

  at::Tensor of(const at::Tensor& whole) const { return whole.narrow(0, row, rows).narrow(1, column, columns); }
};

/// Calls finish(piece, sums) for each piece of left [rows, inner] x right [inner, columns] with its sums in float32.
template <typename Finish>
void multiply(const at::Tensor& left, const at::Tensor& right, Finish finish) {
  const int64_t rows = left.size(0), inner = left.size(1), columns = right.size(1);
  for (int64_t column = 0; column < columns; column += columnsAtOnce)
    for (int64_t row = 0; row < rows; row += rowsAtOnce) {
      const Piece piece{row, std::min(rowsAtOnce, rows - row), column, std::min(columnsAtOnce, columns - column)};
      at::Tensor sums;
      for (int64_t k = 0; k < inner; k += innerAtOnce) {
        const int64_t depth = std::min(innerAtOnce, inner - k);
        const auto wideLeft = left.narrow(0, piece.row, piece.rows).narrow(1, k, depth).to(at::kFloat);
        const auto wideRight = right.narrow(0, k, depth).narrow(1, piece.column, piece.columns).to(at::kFloat);
        sums = k == 0 ? at::cpu::mm(wideLeft, wideRight) : at::cpu::addmm(sums, wideLeft, wideRight);
      }
      finish(piece, sums);
    }
}

at::Tensor& mmOut(const at::Tensor& left, const at::Tensor& right, at::Tensor& out) {
  if (!ours(left, right) || out.scalar_type() != left.scalar_type()) return at::cpu::mm_out(out, left, right);
  out.resize_({left.size(0), right.size(1)});
  if (multipliesManyRows(out.scalar_type()) && out.stride(1) == 1)
    multiplyManyRows(left, right, {}, out);
  else
    multiply(left, right, [&](const Piece& piece, const at::Tensor& sums) { piece.of(out).copy_(sums); });
  return out;
}

at::Tensor mm(const at::Tensor& left, const at::Tensor& right) {
  if (!ours(left, right)) return at::cpu::mm(left, right);
  auto out = at::empty({left.size(0), right.size(1)}, left.options());
  return mmOut(left, right, out);
}

bool expands(const at::Tensor& tensor, int64_t rows, int64_t columns) {
  const int64_t sizes[] = {columns, rows};
  if (tensor.dim() > 2) return false;
  for (int64_t i = 0; i < tensor.dim(); i++)
    if (tensor.size(-1 - i) != 1 && tensor.size(-1 - i) != sizes[i]) return false;
  return true;
}

/// out = beta * added + alpha * (left x right), rounded once; `out` may be `added`.
at::Tensor& addmmOut(const at::Tensor& added, const at::Tensor& left, const at::Tensor& right, const at::Scalar& beta, const at::Scalar& alpha, at::Tensor& out) {
  if (!ours(left, right) || out.scalar_type() != left.scalar_type() || added.scalar_type() != left.scalar_type() || !expands(added, left.size(0), right.size(1)))
    return at::cpu::addmm_out(out, added, left, right, beta, alpha);
  if (!out.is_same(added)) out.resize_({left.size(0), right.size(1)});
  if (multipliesManyRows(out.scalar_type()) && out.stride(1) == 1 && !out.is_same(added) && added.dim() == 1 && added.size(0) == right.size(1) && alpha.toDouble() == 1 && beta.toDouble() == 1) {
    multiplyManyRows(left, right, added.contiguous(), out);
    return out;
  }
  const auto summand = added.expand({left.size(0), right.size(1)});
  multiply(left, right, [&](const Piece& piece, at::Tensor sums) {
    sums.mul_(alpha);
    // A factor of 0 drops what it multiplies, NaN included, as everywhere in libtorch.
    if (beta.toDouble() != 0) sums.add_(piece.of(summand), beta);
    piece.of(out).copy_(sums);
  });
  return out;
}

at::Tensor addmm(const at::Tensor& added, const at::Tensor& left, const at::Tensor& right, const at::Scalar& beta, const at::Scalar& alpha) {
  if (!ours(left, right)) return at::cpu::addmm(added, left, right, beta, alpha);
  auto out = at::empty({left.size(0), right.size(1)}, left.options());
  return addmmOut(added, left, right, beta, alpha, out);
}

at::Tensor& addmmInPlace(at::Tensor& added, const at::Tensor& left, const at::Tensor& right, const at::Scalar& beta, const at::Scalar& alpha) {
  return addmmOut(added, left, right, beta, alpha, added);
}

/// libtorch warns of every operator that is replaced.
class Silence : public c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

void replace() {
  if (fastInBFloat16 && fastInHalf) return;
  Silence silence;
  c10::WarningUtils::WarningHandlerGuard guard(&silence);
  // Never destroyed: that would give libtorch's own back.
  auto& library = *new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__);
  library.impl("mm", mm);
  library.impl("mm.out", mmOut);
  library.impl("addmm", addmm);
  library.impl("addmm.out", addmmOut);
  library.impl("addmm_", addmmInPlace);
}

}  // namespace

void installNarrowProducts() {
  static std::once_flag once;
  std::call_once(once, replace);
}

}  // namespace tunesmith
