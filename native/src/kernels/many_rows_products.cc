// Tiles of 6 rows and 16 columns, whose sums stay in registers while one row after another of the right factor is read. That factor is packed first, for all
// threads: panels of 16 columns, the numbers of one inner place side by side, wide. The left one is read as it lies.
//
//     for some rows of the left factor (they stay in the second cache while all columns go by)
//       for a stretch of inner places
//         for a panel (its stretch stays in the first cache)
//           for 6 of the rows: a tile

#include "kernels/many_rows_products.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <torch/library.h>

#include <algorithm>

#include "kernels/pack.h"
#include "kernels/read_once.h"
#include "kernels/share_out.h"

namespace tunesmith {
namespace {

#if defined(CPU_CAPABILITY_AVX2)

constexpr int64_t lanes = 8;
constexpr int64_t panelColumns = 2 * lanes;
constexpr int64_t tileRows = 6;
constexpr int64_t rowsOfTask = 16 * tileRows;
constexpr int64_t columnsOfTask = 8 * panelColumns;
constexpr int64_t longest = 576;            // inner places of a stretch
constexpr int64_t rowsAtOnce = 2048;        // that are widened together
constexpr int64_t numbersPacked = 1 << 21;  // of the right factor together: 8 MiB

int64_t roundedUp(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

/// Sums of `rows` rows and of the columns of a panel over a stretch of it; they go on where they stand unless it is the first. In intrinsics, because GCC writes an
/// array of libtorch's vectors back to memory in every step.
template <int64_t rows>
[[gnu::noinline]] void tile(const float* left, int64_t stride, const float* panel, int64_t length, bool first, float* sums) {
  __m256 low[rows], high[rows];
#pragma GCC unroll 8
  for (int64_t i = 0; i < rows; i++) {
    low[i] = first ? _mm256_setzero_ps() : _mm256_load_ps(sums + i * columnsOfTask);
    high[i] = first ? _mm256_setzero_ps() : _mm256_load_ps(sums + i * columnsOfTask + lanes);
  }
  for (int64_t k = 0; k < length; k++, panel += panelColumns) {
    auto one = _mm256_loadu_ps(panel), other = _mm256_loadu_ps(panel + lanes);
    readOnce(one);
    readOnce(other);
#pragma GCC unroll 8
    for (int64_t i = 0; i < rows; i++) {
      auto factor = _mm256_broadcast_ss(left + i * stride + k);
      readOnce(factor);
      low[i] = _mm256_fmadd_ps(factor, one, low[i]);
      high[i] = _mm256_fmadd_ps(factor, other, high[i]);
    }
  }
#pragma GCC unroll 8
  for (int64_t i = 0; i < rows; i++) {
    _mm256_store_ps(sums + i * columnsOfTask, low[i]);
    _mm256_store_ps(sums + i * columnsOfTask + lanes, high[i]);
  }
}

void tileOf(int64_t rows, const float* left, int64_t stride, const float* panel, int64_t length, bool first, float* sums) {
  switch (rows) {
    case 1: return tile<1>(left, stride, panel, length, first, sums);
    case 2: return tile<2>(left, stride, panel, length, first, sums);
    case 3: return tile<3>(left, stride, panel, length, first, sums);
    case 4: return tile<4>(left, stride, panel, length, first, sums);
    case 5: return tile<5>(left, stride, panel, length, first, sums);
    default: return tile<6>(left, stride, panel, length, first, sums);
  }
}

/// The columns of one panel of right [inner, columns] from `column` on as [inner, panelColumns], zeros where there are no more.
template <typename scalar_t>
void packPanel(const scalar_t* right, int64_t innerStride, int64_t columnStride, int64_t inner, int64_t count, float* panel) {
  if (innerStride != 1) {
    for (int64_t k = 0; k < inner; k++) {
      for (int64_t j = 0; j < count; j++) panel[k * panelColumns + j] = static_cast<float>(right[k * innerStride + j * columnStride]);
      std::fill_n(panel + k * panelColumns + count, panelColumns - count, 0.0f);
    }
    return;
  }
  // A column lies side by side: a stretch of all of them is widened, then turned.
  constexpr int64_t stretch = 32;
  alignas(64) float wide[panelColumns][stretch] = {};
  for (int64_t k = 0; k < inner; k += stretch) {
    const int64_t length = std::min(stretch, inner - k);
    for (int64_t j = 0; j < count; j++)
      for (int64_t i = 0; i < length; i++) wide[j][i] = static_cast<float>(right[j * columnStride + k + i]);
    float* target = panel + k * panelColumns;
    int64_t i = 0;
    for (; i + lanes <= length; i += lanes)
      for (int64_t j = 0; j < panelColumns; j += lanes) at::vec::transpose_mxn<float, lanes, lanes>(&wide[j][i], stretch, target + i * panelColumns + j, panelColumns);
    for (; i < length; i++)
      for (int64_t j = 0; j < panelColumns; j++) target[i * panelColumns + j] = wide[j][i];
  }
}

template <typename scalar_t>
struct Product {
  const float* left;    // [rows, inner]
  int64_t leftStride;
  const float* panels;  // of `columns` columns
  const scalar_t* bias;
  scalar_t* output;
  int64_t outputStride, rows, columns, inner;

  void block(int64_t row, int64_t column) const {
    alignas(64) thread_local float sums[rowsOfTask * columnsOfTask];
    const int64_t height = std::min(rowsOfTask, rows - row), width = std::min(columnsOfTask, columns - column);
    const int64_t stretches = (inner + longest - 1) / longest, most = roundedUp((inner + stretches - 1) / stretches, lanes);
    for (int64_t begin = 0; begin < inner; begin += most) {
      const int64_t length = std::min(most, inner - begin);
      for (int64_t n = 0; n < width; n += panelColumns) {
        const float* panel = panels + (column + n) * inner + begin * panelColumns;
        for (int64_t m = 0; m < height; m += tileRows)
          tileOf(std::min(tileRows, height - m), left + (row + m) * leftStride + begin, leftStride, panel, length, begin == 0, sums + m * columnsOfTask + n);
      }
    }
    using P = Pack<scalar_t>;
    for (int64_t m = 0; m < height; m++) {
      scalar_t* to = output + (row + m) * outputStride + column;
      sweep<scalar_t>(width, [&](int64_t at, int64_t count) {
        const float* from = sums + m * columnsOfTask + at;
        P numbers(P::Vector::loadu(from), P::Vector::loadu(from + lanes));
        if (bias != nullptr) numbers = numbers + P::load(bias + column + at, count);
        numbers.store(to + at, count);
      });
    }
  }

  void all() const {
    const int64_t across = (columns + columnsOfTask - 1) / columnsOfTask, down = (rows + rowsOfTask - 1) / rowsOfTask;
    forEachTask(across * down, [&](int64_t task) { block(task / across * rowsOfTask, task % across * columnsOfTask); });
  }
};

template <typename scalar_t>
void multiply(const at::Tensor& left, const at::Tensor& right, const at::Tensor& bias, at::Tensor& output) {
  const int64_t rows = left.size(0), inner = left.size(1), columns = right.size(1);
  const int64_t columnsAtOnce = std::max(columnsOfTask, numbersPacked / inner / columnsOfTask * columnsOfTask);
  const auto packed = at::empty({std::min(columnsAtOnce, roundedUp(columns, panelColumns)) * inner}, left.options().dtype(at::kFloat));
  float* panels = packed.mutable_data_ptr<float>();
  for (int64_t row = 0; row < rows; row += rowsAtOnce) {
    const int64_t height = std::min(rowsAtOnce, rows - row);
    auto wide = left.narrow(0, row, height).to(at::kFloat);
    if (wide.stride(1) != 1) wide = wide.contiguous();
    for (int64_t column = 0; column < columns; column += columnsAtOnce) {
      const int64_t width = std::min(columnsAtOnce, columns - column), rightStride = right.stride(1);
      const scalar_t* from = right.const_data_ptr<scalar_t>() + column * rightStride;
      forEachTask((width + panelColumns - 1) / panelColumns, [&](int64_t panel) {
        const int64_t first = panel * panelColumns;
        packPanel(from + first * rightStride, right.stride(0), rightStride, inner, std::min(panelColumns, width - first), panels + first * inner);
      });
      Product<scalar_t>{wide.const_data_ptr<float>(), wide.stride(0), panels, bias.defined() ? bias.const_data_ptr<scalar_t>() + column : nullptr,
                        output.mutable_data_ptr<scalar_t>() + row * output.stride(0) + column, output.stride(0), height, width, inner}.all();
    }
  }
}

#endif

/// input [rows, in] x weightᵀ [in, out] + bias
at::Tensor manyRowsLinear(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  static const auto project = c10::Dispatcher::singleton().findSchemaOrThrow("tunesmith::project", "").typed<at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&)>();
  const bool ours = input.dim() == 2 && weight.dim() == 2 && input.size(1) == weight.size(1) && input.numel() > 0 && weight.numel() > 0 && input.is_cpu() && weight.is_cpu() &&
                    input.scalar_type() == weight.scalar_type() && (!bias || (bias->scalar_type() == weight.scalar_type() && bias->dim() == 1 && bias->size(0) == weight.size(0))) &&
                    multipliesManyRows(input.scalar_type()) && !(at::GradMode::is_enabled() && (input.requires_grad() || weight.requires_grad() || (bias && bias->requires_grad())));
  if (!ours) return project.call(input, weight, bias);
  at::AutoDispatchBelowADInplaceOrView below;
  auto output = at::empty({input.size(0), weight.size(0)}, input.options());
  multiplyManyRows(input, weight.t(), bias ? bias->contiguous() : at::Tensor(), output);
  return output;
}

}  // namespace

#if defined(CPU_CAPABILITY_AVX2)
bool multipliesManyRows(at::ScalarType type) { return type == at::kFloat || type == at::kBFloat16 || type == at::kHalf; }

void multiplyManyRows(const at::Tensor& left, const at::Tensor& right, const at::Tensor& bias, at::Tensor& output) {
  switch (left.scalar_type()) {
    case at::kFloat: return multiply<float>(left, right, bias, output);
    case at::kBFloat16: return multiply<at::BFloat16>(left, right, bias, output);
    case at::kHalf: return multiply<at::Half>(left, right, bias, output);
    default: TORCH_CHECK(false, "products of many rows are made in float32, bfloat16 and float16, got ", left.scalar_type());
  }
}
#else
bool multipliesManyRows(at::ScalarType) { return false; }

void multiplyManyRows(const at::Tensor&, const at::Tensor&, const at::Tensor&, at::Tensor&) { TORCH_CHECK(false, "this processor has no products of many rows: ask multipliesManyRows first"); }
#endif

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("many_rows_linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", manyRowsLinear); }

}  // namespace tunesmith
