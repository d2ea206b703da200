// Linear layer and cross entropy as one operator, chunk by chunk, so that the logits [tokens, vocabulary] never exist as a whole. The
// gradient is made in the forward pass, while a chunk's logits are at hand: nothing is kept for backward but the gradients themselves, and
// nothing is computed twice (the approach of Liger Kernel, arXiv 2410.10989, section 3.2). Rows whose target is ignored are dropped first.

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <limits>

#include "kernels/rows.h"

namespace tunesmith {
namespace {

/// Logits that exist at one time, unless told otherwise: enough for products at full speed, little beside a model.
constexpr int64_t chunkBytes = 128 << 20;

/// How many rows have their logits at one time.
int64_t rowsAtOnce(const std::optional<int64_t>& chunk, const at::Tensor& weight) {
  return chunk ? *chunk : std::max<int64_t>(64, chunkBytes / std::max<int64_t>(1, weight.size(0) * weight.element_size()));
}

enum Reduction : int64_t { none = 0, mean = 1, sum = 2 };  // libtorch's own numbers

using Results = std::tuple<at::Tensor, at::Tensor, at::Tensor>;  // loss, gradient of hidden, gradient of weight; undefined where not asked for

/// One chunk: losses[i] = logsumexp(logits[i]) - logits[i][target]. With `gradient`, logits[i] becomes scale[i] * (softmax - one-hot), through the
/// slope of the soft cap where there is one: logits z are c tanh(z / c) then, whose slope is 1 - tanh². 0: none.
template <typename scalar_t>
void lossOfRows(at::Tensor& logits, const int64_t* targets, const double* scales, bool gradient, double softcap, double* losses) {
  const int64_t rows = logits.size(0), width = logits.size(1);
  auto* data = logits.mutable_data_ptr<scalar_t>();
  at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      scalar_t* row = data + i * width;
      using opmath_t = at::opmath_type<scalar_t>;
      using Vector = Lanes<scalar_t>;
      const Vector cap(static_cast<opmath_t>(softcap)), down(static_cast<opmath_t>(softcap > 0 ? 1 / softcap : 0)), one(opmath_t(1));
      if (softcap > 0) mapInPlace(row, width, [&](const Vector& z) { return (z * down).tanh() * cap; });
      const opmath_t normalizer = logSumExp(row, width);
      losses[i] = static_cast<double>(normalizer) - static_cast<double>(row[targets[i]]);
      if (!gradient) continue;
      const auto scale = static_cast<opmath_t>(scales[i]);
      const auto logit = static_cast<opmath_t>(row[targets[i]]);
      const auto atTarget = (std::exp(logit - normalizer) - 1) * scale;
      if (softcap > 0) {
        const Vector shift(normalizer), factor(scale);
        mapInPlace(row, width, [&](const Vector& s) {
          const auto t = s * down;
          return exponential(s - shift) * factor * (one - t * t);
        });
        const auto t = logit / static_cast<opmath_t>(softcap);
        row[targets[i]] = static_cast<scalar_t>(atTarget * (1 - t * t));
      } else {
        softmaxInPlace(row, width, normalizer, scale);
        row[targets[i]] = static_cast<scalar_t>(atTarget);
      }
    }
  });
}

/// The same elsewhere than on the CPU, operator by operator: the losses of a chunk [rows], in float64.
at::Tensor composedLossOfRows(at::Tensor logits, const at::Tensor& targets, const at::Tensor& scales, bool gradient, std::optional<double> softcap) {
  const auto wideType = at::toOpMathType(logits.scalar_type());
  auto wide = logits.to(wideType);
  at::Tensor capped;
  if (softcap) {
    capped = at::tanh(wide / *softcap);
    wide = capped * *softcap;
  }
  auto logProbs = at::log_softmax(wide, 1);
  const auto place = targets.unsqueeze(1);
  const auto losses = logProbs.gather(1, place).squeeze(1).neg();
  if (gradient) {
    auto slopes = logProbs.exp_();
    slopes.scatter_(1, place, slopes.gather(1, place) - 1);
    slopes.mul_(scales.to(wideType).unsqueeze(1));
    if (softcap) slopes.mul_(1 - capped.square());
    logits.copy_(slopes);
  }
  return losses.to(at::kDouble);
}

void check(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets, const std::optional<at::Tensor>& rowWeights, const std::optional<int64_t>& chunk, int64_t reduction, const std::optional<double>& softcap) {
  TORCH_CHECK(hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1),
              "size mismatch: expected hidden [tokens, width] and weight [vocabulary, width]");
  TORCH_CHECK(targets.dim() == 1 && targets.size(0) == hidden.size(0), "size mismatch: expected one target for each row of hidden");
  TORCH_CHECK(targets.scalar_type() == at::kLong, "targets: expected dtype int64");
  TORCH_CHECK(hidden.scalar_type() == weight.scalar_type(), "hidden and weight: expected the same dtype");
  TORCH_CHECK(at::isFloatingType(hidden.scalar_type()), "hidden: expected a floating-point dtype");
  TORCH_CHECK(hidden.device() == weight.device() && hidden.device() == targets.device(), "expected hidden, weight and targets on the same device");
  TORCH_CHECK(!rowWeights || (rowWeights->dim() == 1 && rowWeights->size(0) == hidden.size(0)), "size mismatch: expected one weight for each row of hidden");
  TORCH_CHECK(!chunk || *chunk > 0, "chunk: expected a positive number of rows, got ", chunk.value_or(0));
  TORCH_CHECK(!softcap || *softcap > 0, "softcap: expected a positive number or none, got ", softcap.value_or(0));
  TORCH_CHECK(reduction == none || reduction == mean || reduction == sum, "reduction: expected 0 (none), 1 (mean) or 2 (sum), got ", reduction);
}

Results forward(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets, const std::optional<at::Tensor>& rowWeights,
                const std::optional<int64_t>& chunkRows, int64_t ignoreIndex, int64_t reduction, const std::optional<double>& softcap, bool hiddenGradient, bool weightGradient) {
  check(hidden, weight, targets, rowWeights, chunkRows, reduction, softcap);
  const int64_t chunk = rowsAtOnce(chunkRows, weight);
  const int64_t tokens = hidden.size(0), vocabulary = weight.size(0), width = hidden.size(1);
  const bool anyGradient = hiddenGradient || weightGradient;
  const auto lossType = hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;

  // Which rows count, their targets and their weights.
  const bool onCpu = hidden.is_cpu();
  const auto wanted = targets.cpu().contiguous();
  const auto* target = wanted.const_data_ptr<int64_t>();
  const auto weights = rowWeights ? rowWeights->detach().cpu().to(at::kDouble).contiguous() : at::Tensor();
  std::vector<int64_t> rows, rowTargets;
  std::vector<double> scales;
  double total = 0;
  for (int64_t i = 0; i < tokens; i++) {
    if (target[i] == ignoreIndex) continue;
    TORCH_CHECK_INDEX(target[i] >= 0 && target[i] < vocabulary, "targets: ", target[i], " in row ", i, " is out of range for a vocabulary of ", vocabulary);
    rows.push_back(i);
    rowTargets.push_back(target[i]);
    scales.push_back(weights.defined() ? weights.const_data_ptr<double>()[i] : 1.0);
    total += scales.back();
  }
  const auto kept = static_cast<int64_t>(rows.size());
  TORCH_CHECK(reduction != mean || (kept > 0 && total > 0), "nothing to take the mean of: every target is ignored (", ignoreIndex, ") or has weight 0");
  if (reduction == mean)
    for (auto& scale : scales) scale /= total;

  const bool all = kept == tokens;
  const auto index = all ? at::Tensor() : at::tensor(rows, at::kLong).to(hidden.device());
  const auto dense = all ? hidden.contiguous() : hidden.index_select(0, index);
  auto denseGradient = hiddenGradient ? at::empty_like(dense) : at::Tensor();
  // Sums over many chunks: wide, so that small contributions are not lost.
  const bool oneChunk = kept <= chunk;
  auto weightSum = weightGradient && !(oneChunk && kept > 0) ? at::zeros({vocabulary, width}, weight.options().dtype(lossType)) : at::Tensor();
  // One for each kept row: read by the host at the end, so that another device need not wait for it chunk by chunk.
  auto losses = at::empty({kept}, at::TensorOptions(at::kDouble).device(hidden.device()));
  const auto targetsThere = onCpu ? at::Tensor() : at::tensor(rowTargets, at::kLong).to(hidden.device());
  const auto scalesThere = onCpu ? at::Tensor() : at::tensor(scales, at::kDouble).to(hidden.device());
  const auto transposed = weight.t();
  auto buffer = at::empty({std::min(chunk, std::max<int64_t>(kept, 1)), vocabulary}, hidden.options());

  for (int64_t begin = 0; begin < kept; begin += chunk) {
    const int64_t end = std::min(begin + chunk, kept);
    const auto part = dense.slice(0, begin, end);
    auto logits = buffer.slice(0, 0, end - begin);
    at::mm_out(logits, part, transposed);
    if (onCpu) {
      AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, logits.scalar_type(), "fused_linear_cross_entropy", [&] {
        lossOfRows<scalar_t>(logits, rowTargets.data() + begin, scales.data() + begin, anyGradient, softcap.value_or(0), losses.mutable_data_ptr<double>() + begin);
      });
    } else {
      losses.slice(0, begin, end).copy_(composedLossOfRows(logits, targetsThere.slice(0, begin, end), scalesThere.slice(0, begin, end), anyGradient, softcap));
    }
    if (hiddenGradient) {
      auto place = denseGradient.slice(0, begin, end);
      at::mm_out(place, logits, weight);
    }
    if (weightGradient) {
      if (oneChunk)
        weightSum = at::mm(logits.t(), part);
      else if (weight.scalar_type() == lossType)
        weightSum.addmm_(logits.t(), part);
      else
        weightSum.add_(at::mm(logits.t(), part));
    }
  }

  at::Tensor loss;
  if (reduction == none) {
    const auto read = losses.cpu();
    loss = at::zeros({tokens}, at::kDouble);
    auto* out = loss.mutable_data_ptr<double>();
    for (int64_t k = 0; k < kept; k++) out[rows[k]] = scales[k] * read.const_data_ptr<double>()[k];
    loss = loss.to(hidden.device());
  } else if (onCpu) {
    double value = 0;
    for (int64_t k = 0; k < kept; k++) value += scales[k] * losses.const_data_ptr<double>()[k];
    loss = at::scalar_tensor(value, losses.options());
  } else {
    loss = at::dot(losses, scalesThere);
  }
  at::Tensor gradient = denseGradient;
  if (hiddenGradient && !all) gradient = at::zeros_like(hidden, at::MemoryFormat::Contiguous).index_copy_(0, index, denseGradient);
  return {loss.to(lossType), gradient, weightGradient ? weightSum.to(weight.scalar_type()) : at::Tensor()};
}

at::Tensor lossOnly(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets, const std::optional<at::Tensor>& rowWeights,
                    std::optional<int64_t> chunk, int64_t ignoreIndex, int64_t reduction, std::optional<double> softcap) {
  return std::get<0>(forward(hidden, weight, targets, rowWeights, chunk, ignoreIndex, reduction, softcap, false, false));
}

class FusedLinearCrossEntropy : public torch::autograd::Function<FusedLinearCrossEntropy> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                            const std::optional<at::Tensor>& rowWeights, std::optional<int64_t> chunk, int64_t ignoreIndex, int64_t reduction, std::optional<double> softcap) {
    at::AutoDispatchBelowADInplaceOrView below;
    const bool wantsHidden = hidden.requires_grad(), wantsWeight = weight.requires_grad();
    if (reduction == none) {
      // The gradient of each row waits for its own factor, so it is made in backward.
      context->save_for_backward({hidden, weight, targets, rowWeights ? *rowWeights : at::Tensor()});
      context->saved_data["chunk"] = rowsAtOnce(chunk, weight);
      context->saved_data["softcap"] = softcap;
      context->saved_data["ignoreIndex"] = ignoreIndex;
      return lossOnly(hidden, weight, targets, rowWeights, chunk, ignoreIndex, reduction, softcap);
    }
    auto [loss, hiddenGradient, weightGradient] =
        tunesmith::forward(hidden, weight, targets, rowWeights, chunk, ignoreIndex, reduction, softcap, wantsHidden, wantsWeight);
    // Not save_for_backward: backward hands these very tensors out, scaled in place, instead of copies.
    if (wantsHidden) context->saved_data["hidden"] = hiddenGradient;
    if (wantsWeight) context->saved_data["weight"] = weightGradient;
    return loss;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto& factor = outputs[0];
    torch::autograd::variable_list gradients(8);
    const auto saved = context->get_saved_variables();
    if (!saved.empty()) {
      const auto& [hidden, weight, targets] = std::tie(saved[0], saved[1], saved[2]);
      auto factors = factor.detach();
      if (saved[3].defined()) factors = factors * saved[3];
      auto results = tunesmith::forward(hidden.detach(), weight.detach(), targets, factors, context->saved_data["chunk"].toInt(),
                                        context->saved_data["ignoreIndex"].toInt(), sum, context->saved_data["softcap"].toOptional<double>(), context->needs_input_grad(0), context->needs_input_grad(1));
      gradients[0] = std::get<1>(results);
      gradients[1] = std::get<2>(results);
      return gradients;
    }
    // On the CPU a factor of 1, the usual one, saves a pass over the gradients; elsewhere asking for it would wait for the device.
    const bool known = factor.is_cpu() && factor.item<double>() == 1;
    const auto take = [&](const char* name) -> at::Tensor {
      const auto found = context->saved_data.find(name);
      if (found == context->saved_data.end()) return {};
      TORCH_CHECK(!found->second.isNone(), "Trying to backward through the graph a second time: this operator hands its gradient out once");
      auto gradient = found->second.toTensor();
      found->second = c10::IValue();
      if (!known) gradient.mul_(factor);
      return gradient;
    };
    gradients[0] = take("hidden");
    gradients[1] = take("weight");
    return gradients;
  }
};

at::Tensor withGradient(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets, const std::optional<at::Tensor>& rowWeights,
                        std::optional<int64_t> chunk, int64_t ignoreIndex, int64_t reduction, std::optional<double> softcap) {
  TORCH_CHECK(!rowWeights || !rowWeights->requires_grad(), "row_weights: no gradient is made for them; detach them first");
  if (at::GradMode::is_enabled() && (hidden.requires_grad() || weight.requires_grad()))
    return FusedLinearCrossEntropy::apply(hidden, weight, targets, rowWeights, chunk, ignoreIndex, reduction, softcap);
  at::AutoDispatchBelowADInplaceOrView below;
  return lossOnly(hidden, weight, targets, rowWeights, chunk, ignoreIndex, reduction, softcap);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) {
  library.def(
      "fused_linear_cross_entropy(Tensor hidden, Tensor weight, Tensor targets, Tensor? row_weights=None, int? chunk=None, int ignore_index=-100, "
      "int reduction=1, float? softcap=None) -> Tensor");
  library.def("composed_loss_of_rows(Tensor(a!) logits, Tensor targets, Tensor scales, bool gradient, float? softcap=None) -> Tensor", composedLossOfRows);
}
// For every device: what depends on it is in forward.
TORCH_LIBRARY_IMPL(tunesmith, CompositeExplicitAutograd, library) { library.impl("fused_linear_cross_entropy", lossOnly); }
TORCH_LIBRARY_IMPL(tunesmith, Autograd, library) { library.impl("fused_linear_cross_entropy", withGradient); }

}  // namespace tunesmith
