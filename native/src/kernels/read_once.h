// Vectors that stay in a register.
#pragma once

#include <ATen/cpu/vec/vec.h>

namespace tunesmith {

/// A vector that is used by several products is read once. Left alone, GCC reads it again in each, and the loads bound the loop instead of the products.
#if defined(CPU_CAPABILITY_AVX2)
inline void readOnce(__m256& vector) { asm("" : "+x"(vector)); }

inline void readOnce(at::vec::Vectorized<float>& vector) {
  __m256 lanes = vector;
  readOnce(lanes);
  vector = lanes;
}
#endif

/// Other vectors are as they are.
template <typename Vector>
inline void readOnce(Vector&) {}

}  // namespace tunesmith
