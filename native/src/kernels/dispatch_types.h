#pragma once
#include <ATen/Dispatch.h>

/// Runs the body with scalar_t as the tensor's floating-point type: float64, float32, bfloat16 or float16.
#define TUNESMITH_DISPATCH(type, name, ...) AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, type, name, __VA_ARGS__)
