// Root mean square normalization (arXiv 1910.07467) in one pass each way:
//   forward    y = x * r * (w + offset),  r = 1 / sqrt(mean(x²) + epsilon)
//   backward   dx = r * (g - x * r² * mean(g * x)),  g = dy * (w + offset);   dw = sum over rows of dy * x * r
// All in float32 (double for double), rounded once. The offset is 1 for the Gemma families, whose weights are stored as w - 1.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/pack.h"

namespace tunesmith {
namespace {

void check(const at::Tensor& input, const at::Tensor& weight) {
  TORCH_CHECK(weight.dim() == 1 && input.dim() >= 1 && input.size(-1) == weight.size(0), "size mismatch: expected input [..., width] and weight [width]");
  TORCH_CHECK(input.scalar_type() == weight.scalar_type(), "input and weight: expected the same dtype");
  TORCH_CHECK(at::isFloatingType(input.scalar_type()), "input: expected a floating-point dtype");
}

/// Rows that are worth a thread of their own.
int64_t grain(int64_t width) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(width, 1)); }

/// The result, and r of each row in the type of the arithmetic.
std::tuple<at::Tensor, at::Tensor> normalize(const at::Tensor& input, const at::Tensor& weight, double epsilon, double offset) {
  check(input, weight);
  const auto source = input.contiguous(), factors = weight.contiguous();
  auto output = at::empty_like(source);
  const int64_t width = source.size(-1), rows = width == 0 ? 0 : source.numel() / width;
  auto scales = at::empty({rows}, source.options().dtype(at::toOpMathType(source.scalar_type())));
  TUNESMITH_DISPATCH(source.scalar_type(), "rms_norm", [&] {
    using P = Pack<scalar_t>;
    using Number = typename P::Number;
    const auto* x = source.const_data_ptr<scalar_t>();
    const auto* w = factors.const_data_ptr<scalar_t>();
    auto* y = output.mutable_data_ptr<scalar_t>();
    auto* r = scales.mutable_data_ptr<Number>();
    at::parallel_for(0, rows, grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        const auto* in = x + row * width;
        auto* out = y + row * width;
        P squares(0);
        sweep<scalar_t>(width, [&](int64_t i, int64_t count) {
          const auto values = P::load(in + i, count);
          squares = values.times(values, squares);
        });
        const auto scale = static_cast<Number>(1) / std::sqrt(squares.sum() / static_cast<Number>(width) + static_cast<Number>(epsilon));
        r[row] = scale;
        const P scaling(scale), shift(static_cast<Number>(offset));
        sweep<scalar_t>(width, [&](int64_t i, int64_t count) { (P::load(in + i, count) * scaling * (P::load(w + i, count) + shift)).store(out + i, count); });
      }
    });
  });
  return {output, scales};
}

std::tuple<at::Tensor, at::Tensor> gradients(const at::Tensor& outputGradient, const at::Tensor& input, const at::Tensor& weight, const at::Tensor& scales,
                                             double offset, bool wantsInput, bool wantsWeight) {
  const auto source = input.contiguous(), factors = weight.contiguous(), above = outputGradient.contiguous();
  const int64_t width = source.size(-1), rows = scales.size(0);
  auto inputGradient = wantsInput ? at::empty_like(source) : at::Tensor();
  const int64_t threads = wantsWeight ? at::get_num_threads() : 1;
  auto weightSums = wantsWeight ? at::zeros({threads, width}, scales.options()) : at::Tensor();
  TUNESMITH_DISPATCH(source.scalar_type(), "rms_norm_backward", [&] {
    using P = Pack<scalar_t>;
    using Number = typename P::Number;
    const auto* x = source.const_data_ptr<scalar_t>();
    const auto* w = factors.const_data_ptr<scalar_t>();
    const auto* dy = above.const_data_ptr<scalar_t>();
    const auto* r = scales.const_data_ptr<Number>();
    auto* dx = wantsInput ? inputGradient.mutable_data_ptr<scalar_t>() : nullptr;
    auto* sums = wantsWeight ? weightSums.mutable_data_ptr<Number>() : nullptr;
    const P shift(static_cast<Number>(offset));
    at::parallel_for(0, rows, grain(width), [&](int64_t begin, int64_t end) {
      auto* sum = wantsWeight ? sums + at::get_thread_num() * width : nullptr;
      for (int64_t row = begin; row < end; row++) {
        const auto* in = x + row * width;
        const auto* upper = dy + row * width;
        const P scaling(r[row]);
        if (wantsInput) {
          P products(0);
          sweep<scalar_t>(width, [&](int64_t i, int64_t count) {
            const auto g = P::load(upper + i, count) * (P::load(w + i, count) + shift);
            products = g.times(P::load(in + i, count), products);
          });
          const P pull(-products.sum() / static_cast<Number>(width) * r[row] * r[row]);
          sweep<scalar_t>(width, [&](int64_t i, int64_t count) {
            const auto g = P::load(upper + i, count) * (P::load(w + i, count) + shift);
            (P::load(in + i, count).times(pull, g) * scaling).store(dx + row * width + i, count);
          });
        }
        if (wantsWeight) {
          using Sum = Pack<Number>;
          sweep<scalar_t>(width, [&](int64_t i, int64_t count) {
            const auto part = P::load(upper + i, count) * P::load(in + i, count) * scaling;
            (Sum(part.low, part.high) + Sum::load(sum + i, count)).store(sum + i, count);
          });
        }
      }
    });
  });
  return {inputGradient, wantsWeight ? weightSums.sum(0).to(weight.scalar_type()) : at::Tensor()};
}

at::Tensor plain(const at::Tensor& input, const at::Tensor& weight, double epsilon, double offset) { return std::get<0>(normalize(input, weight, epsilon, offset)); }

class RmsNorm : public torch::autograd::Function<RmsNorm> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, double epsilon, double offset) {
    at::AutoDispatchBelowADInplaceOrView below;
    auto [output, scales] = normalize(input, weight, epsilon, offset);
    context->save_for_backward({input, weight, scales});
    context->saved_data["offset"] = offset;
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto saved = context->get_saved_variables();
    auto [input, weight] = gradients(outputs[0], saved[0], saved[1], saved[2], context->saved_data["offset"].toDouble(), context->needs_input_grad(0),
                                     context->needs_input_grad(1));
    return {input, weight, at::Tensor(), at::Tensor()};
  }
};

at::Tensor withGradient(const at::Tensor& input, const at::Tensor& weight, double epsilon, double offset) { return RmsNorm::apply(input, weight, epsilon, offset); }

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("rms_norm(Tensor input, Tensor weight, float epsilon, float offset=0.0) -> Tensor"); }
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("rms_norm", plain); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("rms_norm", withGradient); }

}  // namespace tunesmith
