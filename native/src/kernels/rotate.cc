// Rotary position embedding in halves (arXiv 2104.09864, section 3.2, in the layout of Llama): element i of a head turns with element
// i + dim / 2. The gradient is the turn backwards. Cosines and sines are [tokens, dim] with equal halves; only the first is read.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/pack.h"

namespace tunesmith {
namespace {

at::Tensor turn(const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines, bool backwards) {
  TORCH_CHECK(input.dim() == 3, "size mismatch: expected input [tokens, heads, dim]");
  const int64_t tokens = input.size(0), heads = input.size(1), width = input.size(2);
  TORCH_CHECK(width % 2 == 0, "size mismatch: expected an even head dimension, got ", width);
  TORCH_CHECK(cosines.numel() == tokens * width && sines.numel() == tokens * width, "size mismatch: expected cosines and sines of [tokens, dim]");
  const auto source = input.stride(2) == 1 ? input : input.contiguous();
  auto output = at::empty({tokens, heads, width}, source.options());
  const auto wide = at::toOpMathType(source.scalar_type());
  const auto cosine = cosines.to(wide).contiguous(), sine = sines.to(wide).contiguous();
  TUNESMITH_DISPATCH(source.scalar_type(), "rotate", [&] {
    using P = Pack<scalar_t>;
    using Number = typename P::Number;
    using Angle = Pack<Number>;
    const auto* x = source.const_data_ptr<scalar_t>();
    auto* y = output.mutable_data_ptr<scalar_t>();
    const auto* c = cosine.const_data_ptr<Number>();
    const auto* s = sine.const_data_ptr<Number>();
    const int64_t tokenStride = source.stride(0), headStride = source.stride(1), half = width / 2;
    at::parallel_for(0, tokens, std::max<int64_t>(1, 16384 / std::max<int64_t>(heads * width, 1)), [&](int64_t begin, int64_t end) {
      for (int64_t token = begin; token < end; token++) {
        for (int64_t head = 0; head < heads; head++) {
          const auto* in = x + token * tokenStride + head * headStride;
          auto* out = y + (token * heads + head) * width;
          sweep<scalar_t>(half, [&](int64_t i, int64_t count) {
            const auto cosAngle = Angle::load(c + token * width + i, count), sinAngle = Angle::load(s + token * width + i, count);
            const P turnCos(cosAngle.low, cosAngle.high), turned(sinAngle.low, sinAngle.high);
            const P turnSin = backwards ? turned.negated() : turned;
            const auto first = P::load(in + i, count), second = P::load(in + half + i, count);
            (first * turnCos - second * turnSin).store(out + i, count);
            (second * turnCos + first * turnSin).store(out + half + i, count);
          });
        }
      }
    });
  });
  return output;
}

at::Tensor plain(const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines) { return turn(input, cosines, sines, false); }

class Rotate : public torch::autograd::Function<Rotate> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({cosines, sines});
    return turn(input, cosines, sines, false);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto saved = context->get_saved_variables();
    return {turn(outputs[0], saved[0], saved[1], true), at::Tensor(), at::Tensor()};
  }
};

at::Tensor withGradient(const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines) {
  TORCH_CHECK(!cosines.requires_grad() && !sines.requires_grad(), "cosines and sines: no gradient is made for them; detach them first");
  return Rotate::apply(input, cosines, sines);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("rotate(Tensor input, Tensor cosines, Tensor sines) -> Tensor"); }
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("rotate", plain); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("rotate", withGradient); }

}  // namespace tunesmith
