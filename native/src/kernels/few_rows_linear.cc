// A linear layer for few rows, as decoding asks for it: input [rows, in] x weightᵀ [in, out] + bias. Such a product is bound by reading the
// weight once, so the weight is taken as it lies, row by row, and nothing of it is rearranged (libtorch's products spend more on that than on
// the product). A number of the result depends on its own row of the input only, in its last bit too, whatever else is in the batch.
//
//     input    packed in groups of up to 4 rows: | step of row 0 | of row 1 | of row 2 | of row 3 | next step of row 0 | …
//     weight   blocks of 8 rows, each multiplied with all groups while it is in the first cache

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/library.h>

#include <limits>

#include "kernels/dispatch_types.h"
#include "kernels/dot_products.h"
#include "kernels/pack.h"

namespace tunesmith {
namespace {

constexpr int64_t blockRows = 8;
constexpr int64_t chunkRows = 64;  // more rows than that take turns: they would not stay in the second cache

/// `weight_t`: what the rows of the weight are multiplied as, `scalar_t` or what that is widened to.
template <typename scalar_t, typename weight_t>
struct Product {
  using D = Dot<weight_t>;
  using Number = typename D::Number;
  static constexpr bool widens = !std::is_same_v<scalar_t, weight_t>;

  const typename D::Waiting* input;
  const scalar_t* weight;
  const scalar_t* bias;
  scalar_t* output;
  int64_t rows, in, out, weightStride;

  /// `count` rows of the weight, which lie at `block`, the first the row `place`. `turn` counts the tiles of this block: they share the fetching of the next one.
  template <int64_t wide>
  void group(const weight_t* block, int64_t stride, int64_t place, int64_t count, int64_t row, int64_t& turn) const {
    constexpr int64_t tall = tileRows(wide);
    constexpr int64_t resultStride = std::max(blockRows, Pack<scalar_t>::half);  // whole vectors are read back
    alignas(64) Number results[wide][resultStride];
    const auto* waiting = input + row * paddedTo<weight_t>(in);
    const int64_t tiles = blockRows / tall * ((rows + groupRows - 1) / groupRows), share = std::max<int64_t>(1, blockRows / tiles);
    int64_t n = 0;
    for (; n + tall <= count; n += tall, turn++) {
      const auto* here = block + n * stride;
      if constexpr (widens) {
        dotProducts<tall, wide>(here, stride, waiting, in, &results[0][n], resultStride);
      } else {
        const int64_t next = place + blockRows + turn * share;
        const auto* ahead = weight + next * weightStride;
        if (turn * share >= blockRows || next + share > out)
          dotProducts<tall, wide>(here, stride, waiting, in, &results[0][n], resultStride);
        else if (share == 1)
          dotProducts<tall, wide, 1>(here, stride, waiting, in, &results[0][n], resultStride, ahead);
        else if (share == 2)
          dotProducts<tall, wide, 2>(here, stride, waiting, in, &results[0][n], resultStride, ahead);
        else if (share == 4)
          dotProducts<tall, wide, 4>(here, stride, waiting, in, &results[0][n], resultStride, ahead);
        else
          dotProducts<tall, wide, 8>(here, stride, waiting, in, &results[0][n], resultStride, ahead);
      }
    }
    for (; n < count; n++) dotProducts<1, wide>(block + n * stride, stride, waiting, in, &results[0][n], resultStride);
    for (int64_t m = 0; m < wide; m++) {
      using P = Pack<scalar_t>;
      for (int64_t k = 0; k < count; k += P::half) {
        const int64_t width = std::min(P::half, count - k);
        using Vector = typename P::Vector;
        P numbers(Vector::loadu(results[m] + k, width), Vector(Number(0)));
        if (bias != nullptr) numbers = numbers + P::load(bias + place + k, width);
        numbers.store(output + (row + m) * out + place + k, width);
      }
    }
  }

  void widen(const scalar_t* from, weight_t* to) const {
    using Vector = at::vec::Vectorized<scalar_t>;
    int64_t i = 0;
    for (; i + Vector::size() <= in; i += Vector::size()) {
      const auto [low, high] = at::vec::convert_to_float<scalar_t>(Vector::loadu(from + i));
      low.store(to + i);
      high.store(to + i + low.size());
    }
    for (; i < in; i++) to[i] = static_cast<weight_t>(from[i]);
  }

  /// `wide`: room for a block of the weight where it is widened.
  void block(int64_t index, weight_t* wide) const {
    const int64_t place = index * blockRows, count = std::min(blockRows, out - place);
    const weight_t* block;
    int64_t stride = weightStride;
    if constexpr (widens) {
      stride = paddedTo<weight_t>(in);
      for (int64_t n = 0; n < count; n++) widen(weight + (place + n) * weightStride, wide + n * stride);
      block = wide;
    } else {
      block = weight + place * weightStride;
    }
    int64_t turn = 0;
    for (int64_t row = 0; row < rows; row += groupRows) {
      switch (std::min(groupRows, rows - row)) {
        case 1: group<1>(block, stride, place, count, row, turn); break;
        case 2: group<2>(block, stride, place, count, row, turn); break;
        case 3: group<3>(block, stride, place, count, row, turn); break;
        default: group<4>(block, stride, place, count, row, turn); break;
      }
    }
  }
};

template <typename scalar_t, typename weight_t>
void multiply(const at::Tensor& source, const at::Tensor& matrix, const at::Tensor& added, at::Tensor& output) {
  using D = Dot<weight_t>;
  const int64_t rows = source.size(0), in = source.size(1), out = matrix.size(0);
  const at::Tensor packed = at::empty({std::min(rows, chunkRows) * paddedTo<weight_t>(in)}, source.options().dtype(c10::CppTypeToScalarType<typename D::Waiting>::value));
  auto* waiting = packed.mutable_data_ptr<typename D::Waiting>();
  for (int64_t first = 0; first < rows; first += chunkRows) {
    const int64_t count = std::min(chunkRows, rows - first);
    packWaiting<groupRows>(source.const_data_ptr<weight_t>() + first * source.stride(0), source.stride(0), count, in, waiting);
    const Product<scalar_t, weight_t> product{waiting, matrix.const_data_ptr<scalar_t>(), added.defined() ? added.const_data_ptr<scalar_t>() : nullptr,
                                              output.mutable_data_ptr<scalar_t>() + first * out, count, in, out, matrix.stride(0)};
    // Below about this many products, waking the other threads takes longer than they save.
    const int64_t least = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, blockRows * in * std::min<int64_t>(count, 4)));
    at::parallel_for(0, (out + blockRows - 1) / blockRows, least, [&](int64_t begin, int64_t end) {
      // From libtorch, because such memory begins where vectors do.
      const auto wide = at::empty({std::is_same_v<scalar_t, weight_t> ? 0 : blockRows * paddedTo<weight_t>(in)}, c10::CppTypeToScalarType<weight_t>::value);
      for (int64_t block = begin; block < end; block++) product.block(block, wide.template mutable_data_ptr<weight_t>());
    });
  }
}

void check(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  TORCH_CHECK(input.dim() == 2 && weight.dim() == 2 && input.size(1) == weight.size(1), "size mismatch: expected input [rows, in] and weight [out, in]");
  TORCH_CHECK(!bias || (bias->dim() == 1 && bias->size(0) == weight.size(0)), "size mismatch: expected bias [out]");
  TORCH_CHECK(input.scalar_type() == weight.scalar_type() && (!bias || bias->scalar_type() == weight.scalar_type()), "input, weight and bias: expected the same dtype");
  TORCH_CHECK(at::isFloatingType(weight.scalar_type()), "weight: expected a floating-point dtype");
  TORCH_CHECK(input.is_cpu() && weight.is_cpu() && (!bias || bias->is_cpu()), "expected tensors on the CPU: this kernel has no version for another device");
}

at::Tensor fewRowsLinear(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  check(input, weight, bias);
  const int64_t rows = input.size(0), out = weight.size(0);
  const auto source = input.stride(1) == 1 ? input : input.contiguous();
  const auto matrix = weight.stride(1) == 1 ? weight : weight.contiguous();
  const auto added = bias ? bias->contiguous() : at::Tensor();
  auto output = at::empty({rows, out}, input.options());
  TUNESMITH_DISPATCH(weight.scalar_type(), "few_rows_linear", [&] {
    // A weight that is widened before each use, and used by more than one group of rows: a block of it is widened once for all of them. The sums have the same order
    // and so the same bits.
    if constexpr (Dot<scalar_t>::narrow) {
      if (rows > groupRows) return multiply<scalar_t, float>(source.to(at::kFloat), matrix, added, output);
    }
    multiply<scalar_t, scalar_t>(source, matrix, added, output);
  });
  return output;
}

bool differentiated(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  return at::GradMode::is_enabled() && (input.requires_grad() || weight.requires_grad() || (bias && bias->requires_grad()));
}

at::Tensor refuseGradient(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  TORCH_CHECK(!differentiated(input, weight, bias), "few_rows_linear has no gradient: it is for inference. Use project, or noGrad");
  at::AutoDispatchBelowADInplaceOrView below;
  return fewRowsLinear(input, weight, bias);
}

/// Up to how many rows the kernel above is used (measured: Zen 4, AVX-512 with bfloat16 pairs; from 64 rows on libtorch's products are as fast).
int64_t fewRows(at::ScalarType type) {
#if defined(__AMX_BF16__)
  // A processor with matrix tiles: libtorch uses them, and from some rows on they beat vectors.
  if (type == at::kBFloat16) return 8;
#endif
#if !defined(__AVX512BF16__)
  // An EPYC with AVX2: 53 against 49 GFLOP/s of a core for 32 rows, 58 against 68 for 64.
  if (type == at::kBFloat16) return 32;
#endif
  if (type == at::kBFloat16) return chunkRows;
  // In float32 for any number, at about nine tenths of the speed: what a row gets then never depends on how many others there are.
  return type == at::kFloat ? std::numeric_limits<int64_t>::max() : 16;
}

/// input x weightᵀ + bias by whichever way is the fastest for so many rows; always the same way for the same number.
at::Tensor project(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const bool plain = input.dim() != 2 || weight.dim() != 2 || !input.is_cpu() || !weight.is_cpu() || input.scalar_type() != weight.scalar_type() ||
                     !at::isFloatingType(weight.scalar_type()) || differentiated(input, weight, bias);
  if (plain) return at::linear(input, weight, bias);
  if (input.size(0) <= fewRows(weight.scalar_type())) return refuseGradient(input, weight, bias);
  if (weight.scalar_type() != at::kBFloat16 || input.size(0) > 64) return at::linear(input, weight, bias);
  // For some dozens of rows libtorch is faster with the weight as the left factor: it repacks the right one on every call.
  const auto product = at::matmul(weight, input.t()).t();
  return bias ? at::add(product, *bias) : product.contiguous();
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def("few_rows_linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor");
  library.def("project(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", project);
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("few_rows_linear", fewRowsLinear); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("few_rows_linear", refuseGradient); }

}  // namespace tunesmith
