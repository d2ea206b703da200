#pragma once
// Products of bfloat16 and float16 matrices on processors that have no instructions for them. libtorch multiplies those in plain loops there (x86 with
// AVX2: a fifth of the speed of float32, measured), and every processor before AVX-512 is one: such factors are widened to float32 piece by piece.

namespace tunesmith {

/// Replaces libtorch's mm and addmm on the CPU for the types that this processor has no instructions for, once per process. Others it leaves alone.
void installNarrowProducts();

}  // namespace tunesmith
