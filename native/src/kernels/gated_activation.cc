// The gated unit of transformer networks (arXiv 2002.05202): activation(gate) * up, with gate and up side by side in one tensor
// [..., 2 * width], as one product over stacked weights gives them. Activation: silu (SwiGLU) or gelu in its tanh form (GeGLU).
// Nothing but the input is kept for backward; the activation is computed again, which is cheaper than writing and reading it.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/pack.h"

namespace tunesmith {
namespace {

template <typename P>
P sigmoid(const P& x) {
  return P(1) / (P(1) + x.negated().exponential());
}

struct Silu {
  template <typename P>
  static P value(const P& x) {
    return x * sigmoid(x);
  }
  /// value and slope at once
  template <typename P>
  static std::pair<P, P> both(const P& x) {
    const auto s = sigmoid(x);
    return {x * s, s * (P(1) + x * (P(1) - s))};
  }
};

/// 0.5 x (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x³), written as x * sigmoid(2u).
struct GeluTanh {
  template <typename P>
  static P twiceU(const P& x) {
    const P outer(1.5957691216057308), cubic(0.044715);
    return outer * x * (P(1) + cubic * x * x);
  }
  template <typename P>
  static P value(const P& x) {
    return x * sigmoid(twiceU(x));
  }
  template <typename P>
  static std::pair<P, P> both(const P& x) {
    const auto s = sigmoid(twiceU(x));
    const P outer(1.5957691216057308), cubic(3 * 0.044715);
    return {x * s, s + x * s * (P(1) - s) * outer * (P(1) + cubic * x * x)};
  }
};

template <typename Body>
void withActivation(c10::string_view name, Body body) {
  if (name == "silu") return body(Silu());
  if (name == "gelu_tanh") return body(GeluTanh());
  TORCH_CHECK(false, "activation: expected 'silu' or 'gelu_tanh', got '", name, "'");
}

int64_t halfOf(const at::Tensor& input) {
  TORCH_CHECK(input.dim() >= 1 && input.size(-1) % 2 == 0, "size mismatch: expected an even last dimension, gate and up side by side");
  TORCH_CHECK(at::isFloatingType(input.scalar_type()), "gate_up: expected a floating-point dtype");
  return input.size(-1) / 2;
}

at::Tensor gated(const at::Tensor& input, c10::string_view activation) {
  const int64_t width = halfOf(input);
  const auto source = input.contiguous();
  auto shape = source.sizes().vec();
  shape.back() = width;
  auto output = at::empty(shape, source.options());
  const int64_t rows = width == 0 ? 0 : output.numel() / width;
  withActivation(activation, [&](auto kind) {
    using Kind = decltype(kind);
    TUNESMITH_DISPATCH(source.scalar_type(), "gated_activation", [&] {
      using P = Pack<scalar_t>;
      const auto* x = source.const_data_ptr<scalar_t>();
      auto* y = output.mutable_data_ptr<scalar_t>();
      at::parallel_for(0, rows, std::max<int64_t>(1, 8192 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
          const auto* gate = x + row * 2 * width;
          sweep<scalar_t>(width, [&](int64_t i, int64_t count) {
            (Kind::value(P::load(gate + i, count)) * P::load(gate + width + i, count)).store(y + row * width + i, count);
          });
        }
      });
    });
  });
  return output;
}

at::Tensor gatedGradient(const at::Tensor& outputGradient, const at::Tensor& input, c10::string_view activation) {
  const int64_t width = halfOf(input);
  const auto source = input.contiguous(), above = outputGradient.contiguous();
  auto gradient = at::empty_like(source);
  const int64_t rows = width == 0 ? 0 : above.numel() / width;
  withActivation(activation, [&](auto kind) {
    using Kind = decltype(kind);
    TUNESMITH_DISPATCH(source.scalar_type(), "gated_activation_backward", [&] {
      using P = Pack<scalar_t>;
      const auto* x = source.const_data_ptr<scalar_t>();
      const auto* dy = above.const_data_ptr<scalar_t>();
      auto* dx = gradient.mutable_data_ptr<scalar_t>();
      at::parallel_for(0, rows, std::max<int64_t>(1, 8192 / std::max<int64_t>(width, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; row++) {
          const auto* gate = x + row * 2 * width;
          auto* down = dx + row * 2 * width;
          sweep<scalar_t>(width, [&](int64_t i, int64_t count) {
            const auto upper = P::load(dy + row * width + i, count);
            const auto [value, slope] = Kind::both(P::load(gate + i, count));
            (upper * P::load(gate + width + i, count) * slope).store(down + i, count);
            (upper * value).store(down + width + i, count);
          });
        }
      });
    });
  });
  return gradient;
}

class GatedActivation : public torch::autograd::Function<GatedActivation> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, c10::string_view activation) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({input});
    context->saved_data["activation"] = std::string(activation);
    return gated(input, activation);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    return {gatedGradient(outputs[0], context->get_saved_variables()[0], context->saved_data["activation"].toStringRef()), at::Tensor()};
  }
};

at::Tensor withGradient(const at::Tensor& input, c10::string_view activation) { return GatedActivation::apply(input, activation); }

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("gated_activation(Tensor gate_up, str activation) -> Tensor"); }
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("gated_activation", gated); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("gated_activation", withGradient); }

}  // namespace tunesmith
