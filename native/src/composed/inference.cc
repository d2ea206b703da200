// Products and choices of decoding: see kernels/few_rows_linear.cc and likeliest.cc.

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>

#include "composed/composed.h"

namespace tunesmith {
namespace {

at::Tensor fewRowsLinear(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) { return at::linear(input, weight, bias); }

std::tuple<at::Tensor, at::Tensor> likeliest(const at::Tensor& logits) {
  TORCH_CHECK(logits.dim() == 2 && logits.size(1) > 0, "size mismatch: expected logits [rows, vocabulary]");
  const auto wide = logits.detach().to(at::toOpMathType(logits.scalar_type()));
  auto [largest, place] = wide.max(1);
  return {place, largest - wide.logsumexp(1)};
}

}  // namespace

TUNESMITH_COMPOSED(few_rows_linear, fewRowsLinear)
TUNESMITH_COMPOSED(likeliest, likeliest)

}  // namespace tunesmith
