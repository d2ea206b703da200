#pragma once

#include <ATen/ATen.h>

namespace tunesmith {

/// Loads libtorch's CUDA part where TUNESMITH_DEVICE asks for a GPU. Before anything else asks libtorch for CUDA: it answers for good by what is loaded then.
void loadDevices();

/// The device, which is there. Throws BridgeError `device-unavailable` (with what to do) and `device-unknown`.
at::Device usable(at::Device device, const char* argument);

}  // namespace tunesmith
