// What stands between the products of a block, operator by operator: see kernels/rms_norm.cc, rotate.cc and gated_activation.cc for the same in one pass.

#include <ATen/ATen.h>

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

at::Tensor rotate(const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines) {
  TORCH_CHECK(input.size(-1) % 2 == 0, "size mismatch: expected an even number of places to turn, got ", input.size(-1));
  const auto wide = input.to(wideOf(input.scalar_type()));
  const auto halves = wide.chunk(2, -1);
  return at::addcmul(wide * cosines, at::cat({-halves[1], halves[0]}, -1), sines).to(input.scalar_type());
}

at::Tensor gated(const at::Tensor& gateUp, c10::string_view activation) {
  TORCH_CHECK(activation == "silu" || activation == "gelu_tanh", "activation: expected 'silu' or 'gelu_tanh', got '", activation, "'");
  TORCH_CHECK(gateUp.size(-1) % 2 == 0, "size mismatch: expected gate and up side by side");
  const auto halves = gateUp.chunk(2, -1);
  return (activation == "silu" ? at::silu(halves[0]) : at::gelu(halves[0], "tanh")) * halves[1];
}

}  // namespace

TUNESMITH_COMPOSED(rms_norm, rmsNorm)
TUNESMITH_COMPOSED(rotate, rotate)
TUNESMITH_COMPOSED(gated_activation, gated)

}  // namespace tunesmith
