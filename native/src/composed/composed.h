#pragma once

#include <torch/library.h>

// Operators of ours as compositions of libtorch's own: what a device that our kernels do not know runs, gradients included, and what the kernels'
// specs compare with. `name` is registered for every device without a kernel; `composed_name` is the composition on any device, the CPU too.
#define TUNESMITH_COMPOSED(name, function)                                                                     \
  TORCH_LIBRARY_FRAGMENT(tunesmith, library) { library.def("composed_" #name, function); }                    \
  TORCH_LIBRARY_IMPL(tunesmith, CompositeImplicitAutograd, library) { library.impl(#name, function); }
