// The likeliest token of each row of logits and the logarithm of its probability, as greedy decoding asks for them: the logits are read in the
// type that they have, once for the largest and once for the sum; nothing as wide as a vocabulary is written.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include "kernels/dispatch_types.h"
#include "kernels/rows.h"

namespace tunesmith {
namespace {

/// The first place of the largest number; where there is a NaN, some place.
template <typename scalar_t>
int64_t placeOfLargest(const scalar_t* row, int64_t width) {
  using Number = at::opmath_type<scalar_t>;
  using Vector = Lanes<scalar_t>;
  Vector most(-std::numeric_limits<Number>::infinity());
  forEachVector(row, width, [&](int64_t, int64_t count, const Vector& x) { most = Vector::set(most, at::vec::maximum(most, x), count); });
  Number lanes[Vector::size()];
  most.store(lanes);
  const auto largest = static_cast<scalar_t>(*std::max_element(lanes, lanes + Vector::size()));
  const auto found = std::find(row, row + width, largest);
  return found == row + width ? 0 : found - row;
}

std::tuple<at::Tensor, at::Tensor> likeliest(const at::Tensor& logits) {
  TORCH_CHECK(logits.dim() == 2 && logits.size(1) > 0, "size mismatch: expected logits [rows, vocabulary]");
  TORCH_CHECK(at::isFloatingType(logits.scalar_type()), "logits: expected a floating-point dtype");
  const auto source = logits.contiguous();
  const int64_t rows = source.size(0), width = source.size(1);
  const auto wide = at::toOpMathType(source.scalar_type());
  auto places = at::empty({rows}, source.options().dtype(at::kLong));
  auto logProbs = at::empty({rows}, source.options().dtype(wide));
  TUNESMITH_DISPATCH(source.scalar_type(), "likeliest", [&] {
    const auto* data = source.const_data_ptr<scalar_t>();
    auto* place = places.mutable_data_ptr<int64_t>();
    auto* logProb = logProbs.mutable_data_ptr<at::opmath_type<scalar_t>>();
    at::parallel_for(0, rows, std::max<int64_t>(1, 32768 / width), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        place[row] = placeOfLargest(data + row * width, width);
        logProb[row] = static_cast<at::opmath_type<scalar_t>>(data[row * width + place[row]]) - logSumExp(data + row * width, width);
      }
    });
  });
  return {places, logProbs};
}

std::tuple<at::Tensor, at::Tensor> withoutGradient(const at::Tensor& logits) {
  at::AutoDispatchBelowADInplaceOrView below;
  return likeliest(logits);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("likeliest(Tensor logits) -> (Tensor, Tensor)"); }
TORCH_LIBRARY_IMPL(tunesmith, CPU, library) { library.impl("likeliest", likeliest); }
TORCH_LIBRARY_IMPL(tunesmith, AutogradCPU, library) { library.impl("likeliest", withoutGradient); }

}  // namespace tunesmith
