// Devices beside the CPU. The addon links no CUDA: one build serves machines with and without a GPU, and libtorch_cuda is loaded, from beside the
// libtorch_cpu that is in use, where somebody asks for it.

#include "devices.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "bridge/errors.h"

namespace tunesmith {
namespace {

/// Why CUDA cannot be used; empty where it can.
std::string& failure() {
  static std::string text = "it was not asked for when the process began: set TUNESMITH_DEVICE=cuda before it does";
  return text;
}

std::string libraryFolder() {
  Dl_info place;
  if (dladdr(reinterpret_cast<void*>(&at::globalContext), &place) == 0 || place.dli_fname == nullptr) return "";
  const std::string file = place.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

std::string loadCuda() {
  // A product of cuBLAS has the same bits each time only with a workspace of its own; it reads this when it starts.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  const auto library = libraryFolder() + "libtorch_cuda.so";
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* reason = dlerror();
    return std::string("libtorch's CUDA part does not load (") + (reason ? reason : library) + "). Set TUNESMITH_LIBTORCH to the torch folder of a PyTorch with CUDA and run npm run bootstrap";
  }
  if (!at::detail::getCUDAHooks().hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) return "no GPU was found; nvidia-smi should list one";
  // What a training has promised on the CPU it keeps here: the same bits again. Where an operator of CUDA cannot, it says so once.
  at::globalContext().setDeterministicAlgorithms(true, true);
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  return "";
}

}  // namespace

void loadDevices() {
  const char* wanted = std::getenv("TUNESMITH_DEVICE");
  if (wanted != nullptr && std::string(wanted).starts_with("cuda")) failure() = loadCuda();
}

at::Device usable(at::Device device, const char* argument) {
  if (device.is_cpu()) return device;
  if (!device.is_cuda()) throw BridgeError("device-unknown", argument, "there is no device '" + device.str() + "'; use cpu, cuda or cuda:INDEX");
  if (!failure().empty()) throw BridgeError("device-unavailable", argument, "cannot use " + device.str() + ": " + failure());
  const int count = at::detail::getCUDAHooks().deviceCount();
  if (device.index() >= count) throw BridgeError("device-unavailable", argument, "cannot use " + device.str() + ": this machine has " + std::to_string(count) + ", numbered from 0");
  return device;
}

}  // namespace tunesmith
