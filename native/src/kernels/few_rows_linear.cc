// A linear layer for few rows, as decoding asks for it: input [rows, in] x weightᵀ [in, out] + bias. Such a product is bound by reading the
// weight once, so the weight is taken as it lies, row by row, and nothing of it is rearranged (libtorch's products spend more on that than on
// the product). A number of the result depends on its own row of the input only, in its last bit too, whatever else is in the batch.
//
//     input    packed in groups of up to 4 rows: | step of row 0 | of row 1 | of row 2 | of row 3 | next step of row 0 | …
//     weight   blocks of some rows, each multiplied with all groups while it is in the first cache

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

constexpr int64_t chunkRows = 64;  // more rows than that take turns: they would not stay in the second cache

/// A product whose weight is read from where it lies.
template <typename scalar_t>
struct Product {
  using D = Dot<scalar_t>;
  using Number = typename D::Number;
  static constexpr int64_t blockRows = 8;

  const typename D::Waiting* input;
  const scalar_t* weight;
  const scalar_t* bias;
  scalar_t* output;
  int64_t rows, in, out, weightStride;

  /// `turn` counts the tiles of this block: they share the fetching of the next one.
  template <int64_t wide>
  void group(int64_t place, int64_t count, int64_t row, int64_t& turn) const {
    constexpr int64_t tall = tileRows(wide);
    constexpr int64_t resultStride = std::max(blockRows, Pack<scalar_t>::half);  // whole vectors are read back
    alignas(64) Number results[wide][resultStride];
    const auto* block = weight + place * weightStride;
    const auto* waiting = input + row * paddedTo<scalar_t>(in);
    const int64_t tiles = blockRows / tall * ((rows + groupRows - 1) / groupRows), share = std::max<int64_t>(1, blockRows / tiles);
    int64_t n = 0;
    for (; n + tall <= count; n += tall, turn++) {
      const auto* here = block + n * weightStride;
      const int64_t next = place + blockRows + turn * share;
      const auto* ahead = weight + next * weightStride;
      if (turn * share >= blockRows || next + share > out)
        dotProducts<tall, wide>(here, weightStride, waiting, in, &results[0][n], resultStride);
      else if (share == 1)
        dotProducts<tall, wide, 1>(here, weightStride, waiting, in, &results[0][n], resultStride, ahead);
      else if (share == 2)
        dotProducts<tall, wide, 2>(here, weightStride, waiting, in, &results[0][n], resultStride, ahead);
      else if (share == 4)
        dotProducts<tall, wide, 4>(here, weightStride, waiting, in, &results[0][n], resultStride, ahead);
      else
        dotProducts<tall, wide, 8>(here, weightStride, waiting, in, &results[0][n], resultStride, ahead);
    }
    for (; n < count; n++) dotProducts<1, wide>(block + n * weightStride, weightStride, waiting, in, &results[0][n], resultStride);
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

  void blocks(int64_t begin, int64_t end) const {
    for (int64_t place = begin * blockRows; place < std::min(end * blockRows, out); place += blockRows) {
      const int64_t count = std::min(blockRows, out - place);
      int64_t turn = 0;
      for (int64_t row = 0; row < rows; row += groupRows) {
        switch (std::min(groupRows, rows - row)) {
          case 1: group<1>(place, count, row, turn); break;
          case 2: group<2>(place, count, row, turn); break;
          case 3: group<3>(place, count, row, turn); break;
          default: group<4>(place, count, row, turn); break;
        }
      }
    }
  }
};

/// A product for several groups: a stretch of a block of the weight is widened, or copied, into the first cache once for all of them, and the same stretch of the next block is
/// fetched meanwhile.
template <typename scalar_t>
struct BlockProduct {
  using Number = at::opmath_type<scalar_t>;
  static constexpr int64_t blockRows = tunesmith::blockRows;
  static constexpr int64_t blocksAtOnce = 8;  // results are rounded and written in whole vectors
  static constexpr int64_t columns = blocksAtOnce * blockRows;
  static constexpr int64_t step = Dot<Number>::step;
  static constexpr int64_t longest = 640;  // numbers of a stretch: so many of a block and of a group stay in the first cache
  static constexpr int64_t cacheLine = 64;

  const Number* input;
  const scalar_t* weight;
  const scalar_t* bias;
  scalar_t* output;
  int64_t rows, in, out, weightStride;

  /// What one thread works in.
  struct Room {
    at::Tensor memory;
    Number *block, *sums, *results;

    explicit Room(int64_t rows) {
      // From libtorch, because such memory begins where vectors do.
      memory = at::empty({blockRows * longest + rows * blockRows * step + rows * columns}, c10::CppTypeToScalarType<Number>::value);
      block = memory.template mutable_data_ptr<Number>();
      sums = block + blockRows * longest;
      results = sums + rows * blockRows * step;
    }
  };

  /// A row's numbers, filled up with zeros to whole steps.
  static void bring(const scalar_t* from, int64_t length, Number* to) {
    int64_t i = 0;
    // A plain loop widens bfloat16 in registers; of a pair of vectors GCC makes a detour through memory.
    if constexpr (!std::is_same_v<scalar_t, at::BFloat16>) {
      using P = Pack<scalar_t>;
      for (; i + P::size <= length; i += P::size) {
        const auto numbers = P::load(from + i);
        numbers.low.store(to + i);
        numbers.high.store(to + i + P::half);
      }
    }
    for (; i < length; i++) to[i] = static_cast<Number>(from[i]);
    std::fill(to + length, to + paddedTo<Number>(length), Number(0));
  }

  /// A stretch of the next block, a part of it at a time: the tiles share the fetching, so that it goes on while they are multiplied.
  struct Ahead {
    const char* row;
    int64_t rows, stride, bytes, share, byte = 0;

    void fetch() {
      for (int64_t left = share; left > 0 && rows > 0; left--) {
        __builtin_prefetch(row + byte);
        byte += cacheLine;
        if (byte < bytes) continue;
        byte = 0;
        row += stride;
        rows--;
      }
    }
  };

  Ahead aheadOf(int64_t place, int64_t begin, int64_t length) const {
    const int64_t next = std::min(place + blockRows, out), bytes = length * static_cast<int64_t>(sizeof(scalar_t));
    const int64_t lines = blockRows * ((bytes + cacheLine - 1) / cacheLine), tiles = blockRows / blockTileRows(groupRows) * std::max<int64_t>(1, rows / groupRows);
    return {reinterpret_cast<const char*>(weight + next * weightStride + begin), std::min(blockRows, out - next), weightStride * static_cast<int64_t>(sizeof(scalar_t)), bytes, (lines + tiles - 1) / tiles};
  }

  template <int64_t wide>
  void group(const Room& room, int64_t begin, int64_t length, int64_t row, Ahead& ahead, Number* results) const {
    constexpr int64_t tall = blockTileRows(wide);
    const int64_t padded = paddedTo<Number>(length);
    const auto* waiting = input + row * paddedTo<Number>(in) + begin * wide;
    const bool last = begin + length == in;
    for (int64_t n = 0; n < blockRows; n += tall) {
      ahead.fetch();
      continueProducts<tall, wide>(room.block + n * padded, padded, waiting, padded, begin == 0, room.sums + (row * blockRows + n * wide) * step, last ? results + row * columns + n : nullptr, columns);
    }
  }

  void block(const Room& room, int64_t place, Number* results) const {
    const int64_t count = std::min(blockRows, out - place);
    const int64_t stretches = std::max<int64_t>(1, (in + longest - 1) / longest), most = roundedUp((in + stretches - 1) / stretches);
    for (int64_t stretch = 0; stretch < stretches; stretch++) {
      const int64_t begin = stretch * most, length = std::min(most, in - begin), padded = paddedTo<Number>(length);
      for (int64_t n = 0; n < count; n++) bring(weight + (place + n) * weightStride + begin, length, room.block + n * padded);
      std::fill(room.block + count * padded, room.block + blockRows * padded, Number(0));
      auto ahead = aheadOf(place, begin, length);
      for (int64_t row = 0; row < rows; row += groupRows) {
        switch (std::min(groupRows, rows - row)) {
          case 1: group<1>(room, begin, length, row, ahead, results); break;
          case 2: group<2>(room, begin, length, row, ahead, results); break;
          case 3: group<3>(room, begin, length, row, ahead, results); break;
          default: group<4>(room, begin, length, row, ahead, results); break;
        }
      }
    }
  }

  static int64_t roundedUp(int64_t length) {
    constexpr int64_t whole = Pack<scalar_t>::size;
    return (length + whole - 1) / whole * whole;
  }

  void blocks(int64_t begin, int64_t end) const {
    const Room room(rows);
    for (int64_t first = begin; first < end; first += blocksAtOnce) {
      const int64_t place = first * blockRows, count = std::min(std::min(first + blocksAtOnce, end) * blockRows, out) - place;
      for (int64_t n = 0; n < count; n += blockRows) block(room, place + n, room.results + n);
      for (int64_t row = 0; row < rows; row++) {
        using P = Pack<scalar_t>;
        using Vector = typename P::Vector;
        const auto* results = room.results + row * columns;
        sweep<scalar_t>(count, [&](int64_t k, int64_t width) {
          P numbers(Vector::loadu(results + k), Vector::loadu(results + k + P::half));
          if (bias != nullptr) numbers = numbers + P::load(bias + place + k, width);
          numbers.store(output + row * out + place + k, width);
        });
      }
    }
  }
};

/// `weight_t`: what the rows of the weight are multiplied as, `scalar_t` or what that is widened to.
template <typename Product, typename scalar_t, typename weight_t>
void multiply(const at::Tensor& source, const at::Tensor& matrix, const at::Tensor& added, at::Tensor& output) {
  using D = Dot<weight_t>;
  const int64_t rows = source.size(0), in = source.size(1), out = matrix.size(0);
  const at::Tensor packed = at::empty({std::min(rows, chunkRows) * paddedTo<weight_t>(in)}, source.options().dtype(c10::CppTypeToScalarType<typename D::Waiting>::value));
  auto* waiting = packed.mutable_data_ptr<typename D::Waiting>();
  for (int64_t first = 0; first < rows; first += chunkRows) {
    const int64_t count = std::min(chunkRows, rows - first);
    packWaiting<groupRows, weight_t>(source.const_data_ptr<scalar_t>() + first * source.stride(0), source.stride(0), count, in, waiting);
    const Product product{waiting, matrix.const_data_ptr<scalar_t>(), added.defined() ? added.const_data_ptr<scalar_t>() : nullptr,
                          output.mutable_data_ptr<scalar_t>() + first * out, count, in, out, matrix.stride(0)};
    // Below about this many products, waking the other threads takes longer than they save.
    const int64_t least = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, Product::blockRows * in * std::min<int64_t>(count, 4)));
    at::parallel_for(0, (out + Product::blockRows - 1) / Product::blockRows, least, [&](int64_t begin, int64_t end) { product.blocks(begin, end); });
  }
}

/// From how many rows on a weight is multiplied in blocks. Where numbers have to be widened, that pays with the second group; without, the copy pays with the third, but not
/// with AVX-512, whose many registers do as well without. The sums have the same order and so the same bits.
template <typename scalar_t>
constexpr int64_t rowsForBlocks() {
  if (Dot<scalar_t>::narrow) return groupRows + 1;
#if defined(CPU_CAPABILITY_AVX512)
  return std::numeric_limits<int64_t>::max();
#else
  return 2 * groupRows + 1;
#endif
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
    using Number = at::opmath_type<scalar_t>;
    if (rows >= rowsForBlocks<scalar_t>()) return multiply<BlockProduct<scalar_t>, scalar_t, Number>(source, matrix, added, output);
    multiply<Product<scalar_t>, scalar_t, scalar_t>(source, matrix, added, output);
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
#if defined(CPU_CAPABILITY_AVX512) && !defined(__AVX512BF16__)
  if (type == at::kBFloat16) return 32;
#endif
  if (type == at::kBFloat16) return chunkRows;
  // In float32 for any number, at about nine tenths of the speed: what a row gets then never depends on how many others there are.
  if (type == at::kFloat) return std::numeric_limits<int64_t>::max();
#if defined(CPU_CAPABILITY_AVX2)
  if (type == at::kHalf) return chunkRows;
#endif
  return 16;
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
