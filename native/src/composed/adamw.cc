// One step of AdamW over bfloat16 parameters: see kernels/adamw.cc for how a parameter and its rest make up the float32 number that is tuned.

#include <ATen/ATen.h>

#include "composed/composed.h"

namespace tunesmith {
namespace {

void adamw(at::TensorList parameters, at::TensorList rests, at::TensorList gradients, at::TensorList means, at::TensorList squares, double steps, double learningRate,
           double firstBeta, double secondBeta, double weightDecay, double epsilon) {
  at::NoGradGuard noGrad;
  std::vector<at::Tensor> wide, slopes, counts;
  for (size_t i = 0; i < parameters.size(); i++) {
    const auto upper = parameters[i].view(at::kShort).to(at::kInt) * 65536;
    wide.push_back((upper + rests[i]).view(at::kFloat));
    slopes.push_back(gradients[i].to(at::kFloat));
    counts.push_back(at::full({}, steps, means[i].options()));
  }
  at::_fused_adamw_(wide, slopes, means, squares, {}, counts, learningRate, firstBeta, secondBeta, weightDecay, epsilon, false, false);
  for (size_t i = 0; i < parameters.size(); i++) {
    const auto bits = wide[i].view(at::kInt);
    const auto upper = (bits + 0x8000).__rshift__(16);
    parameters[i].view(at::kShort).copy_(upper);
    rests[i].copy_(bits - upper * 65536);
  }
}

}  // namespace

TUNESMITH_COMPOSED(adamw_, adamw)

}  // namespace tunesmith
