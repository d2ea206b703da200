#include "kernels/tile_products.h"

namespace tunesmith {
namespace {

/// libtorch refuses the call on machines that it has no block GEMM for; there is no other way to ask.
template <typename Element>
bool works(bool paired) {
  alignas(64) Element left[16 * 16] = {}, right[16 * 16] = {};
  alignas(64) float sums[16 * 16] = {};
  try {
    at::native::cpublas::brgemm(16, 16, 16, 16, 16, 16, false, left, right, sums, paired);
    at::native::cpublas::brgemm_release(paired);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

bool blockProductsOfBFloat16() {
  static const bool found = works<at::BFloat16>(true);
  return found;
}

bool blockProductsOfFloat() {
  static const bool found = works<float>(false);
  return found;
}

}  // namespace tunesmith
