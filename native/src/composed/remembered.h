#pragma once

#include <ATen/ATen.h>

#include <array>
#include <utility>
#include <vector>

namespace tunesmith {

/// Small tensors that every layer of a model asks for anew in each pass, such as where its rows begin: made once and kept while they are asked for,
/// so that a pass waits for one transfer to its device and not for one in each layer.
class Remembered {
 public:
  template <typename Make>
  at::Tensor get(const std::vector<int64_t>& key, at::Device device, Make make) {
    for (const auto& entry : entries_)
      if (entry.tensor.defined() && entry.tensor.device() == device && entry.key == key) return entry.tensor;
    auto& entry = entries_[next_++ % entries_.size()];
    entry = {key, make()};
    return entry.tensor;
  }

  /// Of this thread. Never destroyed: its tensors must not outlive their device's library, which is gone first when the process ends.
  static Remembered& ofThread() {
    thread_local auto* remembered = new Remembered;
    return *remembered;
  }

 private:
  struct Entry {
    std::vector<int64_t> key;
    at::Tensor tensor;
  };
  std::array<Entry, 8> entries_;
  size_t next_ = 0;
};

}  // namespace tunesmith
