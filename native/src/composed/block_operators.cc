// What stands between the products of a block, operator by operator: see kernels/rms_norm.cc, rotate.cc and gated_activation.cc for the same in one pass.

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "composed/composed.h"

namespace tunesmith {
namespace {

/// Float32 for what is narrower.
at::ScalarType wideOf(at::ScalarType type) { return type == at::kDouble ? at::kDouble : at::kFloat; }

at::Tensor rmsNorm(const at::Tensor& input, const at::Tensor& weight, double epsilon, double offset) {
  TORCH_CHECK(input.dim() > 0 && weight.dim() == 1 && weight.size(0) == input.size(-1), "size mismatch: expected a weight as wide as the last dimension of input");
  // libtorch has a kernel for this on CUDA. An offset is added in float32: 1 + a small weight would lose it in bfloat16.
  if (offset == 0 && input.scalar_type() == weight.scalar_type()) return at::rms_norm(input, weight.sizes(), weight, epsilon);
  const auto wide = input.to(wideOf(input.scalar_type()));
  const auto normed = wide * at::rsqrt(wide.square().mean(-1, true) + epsilon);
  return (normed * (weight.to(wide.scalar_type()) + offset)).to(input.scalar_type());
}

// A GPU spends as long on starting an operator as small ones take, so these have gradients of their own: those of libtorch's, operator by operator, would be
// twice as many.

/// Halves (a, b) become (a cos - b sin, b cos + a sin); `direction` -1 turns back, which is the gradient too.
at::Tensor turned(const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines, double direction) {
  const auto halves = input.chunk(2, -1);
  // Narrow numbers times float32 angles are float32: nothing is widened before.
  return at::addcmul(input * cosines, at::cat({halves[1].neg(), halves[0]}, -1), sines, direction).to(input.scalar_type());
}

class Rotation : public torch::autograd::Function<Rotation> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({cosines, sines});
    return turned(input, cosines, sines, 1);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto saved = context->get_saved_variables();
    return {turned(outputs[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
  }
};

at::Tensor rotate(const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines) {
  TORCH_CHECK(input.size(-1) % 2 == 0, "size mismatch: expected an even number of places to turn, got ", input.size(-1));
  return Rotation::apply(input, cosines, sines);
}

class Gated : public torch::autograd::Function<Gated> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& gateUp, bool silu) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({gateUp});
    context->saved_data["silu"] = silu;
    const auto halves = gateUp.chunk(2, -1);
    return (silu ? at::silu(halves[0]) : at::gelu(halves[0], "tanh")).mul_(halves[1]);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto gateUp = context->get_saved_variables()[0];
    const bool silu = context->saved_data["silu"].toBool();
    const auto halves = gateUp.chunk(2, -1);
    auto gradient = at::empty(gateUp.sizes(), gateUp.options());
    auto slopes = gradient.chunk(2, -1);
    const auto above = outputs[0] * halves[1];
    slopes[0].copy_(silu ? at::silu_backward(above, halves[0]) : at::gelu_backward(above, halves[0], "tanh"));
    at::mul_out(slopes[1], silu ? at::silu(halves[0]) : at::gelu(halves[0], "tanh"), outputs[0]);
    return {gradient, at::Tensor()};
  }
};

at::Tensor gated(const at::Tensor& gateUp, c10::string_view activation) {
  TORCH_CHECK(activation == "silu" || activation == "gelu_tanh", "activation: expected 'silu' or 'gelu_tanh', got '", activation, "'");
  TORCH_CHECK(gateUp.size(-1) % 2 == 0, "size mismatch: expected gate and up side by side");
  return Gated::apply(gateUp, activation == "silu");
}

}  // namespace

TUNESMITH_COMPOSED(rms_norm, rmsNorm)
TUNESMITH_COMPOSED(rotate, rotate)
TUNESMITH_COMPOSED(gated_activation, gated)

}  // namespace tunesmith
