// AdamW (arXiv 1711.05101, algorithm 2) for parameters that are computed with in bfloat16 and must not lose small updates. What is tuned is a float32
// number of which the parameter is the bfloat16 nearest to it, and `rest` what is missing, as the difference of their bits:
//
//   bits of the number = (bits of the parameter << 16) + rest,  -2^15 <= rest < 2^15
//
// So the wide number costs two bytes instead of a float32 copy, and one pass over the lists does everything.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <bit>
#include <cmath>

namespace tunesmith {
namespace {

struct Step {
  float firstBeta, secondBeta, stepSize, secondScale, epsilon, kept;
};

void update(uint16_t* __restrict parameter, int16_t* __restrict rest, const uint16_t* __restrict gradient, float* __restrict mean, float* __restrict square, int64_t count, const Step& step) {
  for (int64_t i = 0; i < count; i++) {
    const auto bits = (static_cast<uint32_t>(parameter[i]) << 16) + static_cast<uint32_t>(static_cast<int32_t>(rest[i]));
    const auto g = std::bit_cast<float>(static_cast<uint32_t>(gradient[i]) << 16);
    mean[i] = step.firstBeta * mean[i] + (1 - step.firstBeta) * g;
    square[i] = step.secondBeta * square[i] + (1 - step.secondBeta) * g * g;
    const float moved = std::bit_cast<float>(bits) * step.kept - step.stepSize * mean[i] / (std::sqrt(square[i]) * step.secondScale + step.epsilon);
    const auto now = std::bit_cast<uint32_t>(moved);
    const uint32_t upper = (now + 0x8000) >> 16;
    parameter[i] = static_cast<uint16_t>(upper);
    rest[i] = static_cast<int16_t>(now - (upper << 16));
  }
}

void adamw(at::TensorList parameters, at::TensorList rests, at::TensorList gradients, at::TensorList means, at::TensorList squares, double steps, double learningRate,
           double firstBeta, double secondBeta, double weightDecay, double epsilon) {
  const size_t count = parameters.size();
  TORCH_CHECK(rests.size() == count && gradients.size() == count && means.size() == count && squares.size() == count, "size mismatch: expected lists of the same length");
  TORCH_CHECK(steps >= 1, "steps: expected at least 1, the number of this step, got ", steps);
  constexpr int64_t piece = 1 << 16;
  struct Piece {
    size_t tensor;
    int64_t first;
  };
  std::vector<Piece> pieces;
  for (size_t i = 0; i < count; i++) {
    const auto& parameter = parameters[i];
    TORCH_CHECK(parameter.scalar_type() == at::kBFloat16 && gradients[i].scalar_type() == at::kBFloat16, "parameters and gradients: expected dtype bfloat16");
    TORCH_CHECK(rests[i].scalar_type() == at::kShort, "rests: expected dtype int16");
    TORCH_CHECK(means[i].scalar_type() == at::kFloat && squares[i].scalar_type() == at::kFloat, "means and squares: expected dtype float32");
    for (const auto* each : {&parameter, &rests[i], &gradients[i], &means[i], &squares[i]}) {
      TORCH_CHECK(each->numel() == parameter.numel(), "size mismatch: expected the same shape in every list at ", i);
      TORCH_CHECK(each->is_cpu(), "expected tensors on the CPU: this kernel has no version for another device");
    }
    TORCH_CHECK(parameter.is_contiguous() && rests[i].is_contiguous() && means[i].is_contiguous() && squares[i].is_contiguous(), "expected contiguous tensors");
    for (int64_t first = 0; first < parameter.numel(); first += piece) pieces.push_back({i, first});
  }
  std::vector<at::Tensor> dense;
  for (const auto& gradient : gradients) dense.push_back(gradient.contiguous());
  const double firstCorrection = 1 - std::pow(firstBeta, steps), secondCorrection = 1 - std::pow(secondBeta, steps);
  const Step step{static_cast<float>(firstBeta), static_cast<float>(secondBeta), static_cast<float>(learningRate / firstCorrection), static_cast<float>(1 / std::sqrt(secondCorrection)),
                  static_cast<float>(epsilon), static_cast<float>(1 - learningRate * weightDecay)};
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const auto [i, first] = pieces[at];
      update(static_cast<uint16_t*>(parameters[i].mutable_data_ptr()) + first, static_cast<int16_t*>(rests[i].mutable_data_ptr()) + first,
             static_cast<const uint16_t*>(dense[i].const_data_ptr()) + first, means[i].mutable_data_ptr<float>() + first, squares[i].mutable_data_ptr<float>() + first,
             std::min(piece, parameters[i].numel() - first), step);
    }
  });
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def(
      "adamw_(Tensor(a!)[] parameters, Tensor(b!)[] rests, Tensor[] gradients, Tensor(c!)[] means, Tensor(d!)[] squares, float steps, float lr, float beta1, float beta2, "
      "float weight_decay, float eps) -> ()");
}
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("adamw_", adamw); }

}  // namespace tunesmith
