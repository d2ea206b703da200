#include "memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <fstream>
#include <list>
#include <map>
#include <mutex>
#include <new>
#include <string>

namespace tunesmith {
namespace {

constexpr size_t headerSize = 64;         // keeps the data on a cache line
constexpr size_t smallest = 4 << 10;      // below this a block comes from a slab
constexpr size_t mapFrom = 4 << 20;       // from here on a block is its own mapping, on huge pages
constexpr size_t hugePage = 2 << 20;
constexpr size_t adviseFrom = 256 << 10;  // from here on a block of the heap asks for huge pages
constexpr size_t page = 4 << 10;

std::atomic<int64_t> live{0};
std::atomic<int64_t> peak{0};

struct Header {
  size_t capacity;  // of the whole block, header included; what is cached and reused
  size_t counted;   // what liveBytes was raised by
};

/// Size classes eight to the octave: at most an eighth of a block is unused, and batches of nearly equal length share blocks.
size_t sizeClass(size_t bytes) {
  const size_t step = std::bit_ceil(bytes) / 16;
  const size_t rounded = (bytes + step - 1) / step * step;
  return rounded >= mapFrom ? (rounded + hugePage - 1) / hugePage * hugePage : rounded;
}

void* fromSystem(size_t capacity) {
  if (capacity < mapFrom) {
    void* block = nullptr;
    if (posix_memalign(&block, 64, capacity) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
    // The weights of small models are such blocks, side by side in the heap: where they fill huge pages together, they should lie on them.
    if (capacity >= adviseFrom) {
      const auto begin = (reinterpret_cast<uintptr_t>(block) + page - 1) / page * page, end = (reinterpret_cast<uintptr_t>(block) + capacity) / page * page;
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
    }
#endif
    return block;
  }
  // Map one huge page more than needed and cut both ends, so that the block starts on a huge page.
  void* mapped = mmap(nullptr, capacity + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* start = static_cast<char*>(mapped);
  auto* aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(start) + hugePage - 1) / hugePage * hugePage);
  if (aligned > start) munmap(start, aligned - start);
  if (const size_t rest = start + hugePage - aligned; rest > 0) munmap(aligned + capacity, rest);
#ifdef MADV_HUGEPAGE
  madvise(aligned, capacity, MADV_HUGEPAGE);
#endif
  return aligned;
}

void toSystem(void* block, size_t capacity) {
  if (capacity < mapFrom)
    free(block);
  else
    munmap(block, capacity);
}

/// Blocks below `smallest`, in classes of 64 bytes, carved from slabs: single numbers, indices, norms. A freed block goes to the thread that
/// freed it; slabs are never given back, since all of them together are small.
class Slabs {
 public:
  void* take(size_t capacity) {
    auto*& list = free_[capacity / granule];
    if (list == nullptr && !refill(capacity)) return nullptr;
    Free* block = list;
    list = block->next;
    return block;
  }

  void put(void* block, size_t capacity) {
    auto* freed = static_cast<Free*>(block);
    auto*& list = free_[capacity / granule];
    freed->next = list;
    list = freed;
  }

  static constexpr size_t granule = 64;

 private:
  struct Free {
    Free* next;
  };

  bool refill(size_t capacity) {
    constexpr size_t slab = 64 << 10;
    void* memory = nullptr;
    if (posix_memalign(&memory, granule, slab) != 0) return false;
    for (size_t at = 0; at + capacity <= slab; at += capacity) put(static_cast<char*>(memory) + at, capacity);
    return true;
  }

  Free* free_[smallest / granule + 1] = {};
};

// Without a destructor: tensors may be freed while a thread ends.
thread_local constinit Slabs slabs;

/// Freed large blocks, the longest unused first to go.
class Cache {
 public:
  void* take(size_t wanted, size_t& capacity) {
    std::lock_guard lock(mutex_);
    // A block up to a quarter larger is better than fresh pages.
    const auto found = bySize_.lower_bound(wanted);
    if (found == bySize_.end() || found->first > wanted + wanted / 4) return nullptr;
    const auto entry = found->second;
    void* block = entry->block;
    capacity = entry->capacity;
    bytes_ -= static_cast<int64_t>(capacity);
    bySize_.erase(found);
    byAge_.erase(entry);
    return block;
  }

  void put(void* block, size_t capacity) {
    std::lock_guard lock(mutex_);
    if (static_cast<int64_t>(capacity) > limit_) return toSystem(block, capacity);
    byAge_.push_back({block, capacity, {}});
    const auto entry = std::prev(byAge_.end());
    entry->place = bySize_.emplace(capacity, entry);
    bytes_ += static_cast<int64_t>(capacity);
    shrink(limit_);
  }

  void trim(int64_t keep) {
    std::lock_guard lock(mutex_);
    shrink(keep);
  }

  void setLimit(int64_t bytes) {
    std::lock_guard lock(mutex_);
    limit_ = bytes;
    shrink(limit_);
  }

  int64_t bytes() {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  struct Entry {
    void* block;
    size_t capacity;
    std::multimap<size_t, std::list<Entry>::iterator>::iterator place;
  };

  void shrink(int64_t keep) {
    while (bytes_ > keep && !byAge_.empty()) {
      const auto oldest = byAge_.begin();
      toSystem(oldest->block, oldest->capacity);
      bytes_ -= static_cast<int64_t>(oldest->capacity);
      bySize_.erase(oldest->place);
      byAge_.erase(oldest);
    }
  }

  std::mutex mutex_;
  std::list<Entry> byAge_;
  std::multimap<size_t, std::list<Entry>::iterator> bySize_;
  int64_t bytes_ = 0;
  int64_t limit_ = 0;
};

/// Lives until the process ends: tensors may be freed after every static object is gone.
Cache& cache() {
  static auto* instance = new Cache;
  return *instance;
}

void deallocate(void* data) {
  if (data == nullptr) return;
  auto* block = static_cast<char*>(data) - headerSize;
  const Header header = *reinterpret_cast<Header*>(block);
  live.fetch_sub(static_cast<int64_t>(header.counted), std::memory_order_relaxed);
  if (header.capacity < smallest)
    slabs.put(block, header.capacity);
  else
    cache().put(block, header.capacity);
}

class TensorAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &deallocate, device};
    TORCH_CHECK(bytes <= SIZE_MAX / 4, "not enough memory: a tensor of ", bytes, " bytes was asked for");
    size_t capacity = bytes + headerSize;
    void* block = nullptr;
    // After rounding up it must still be below `smallest`: that is how `deallocate` knows where the block came from.
    if (capacity <= smallest - Slabs::granule) {
      capacity = (capacity + Slabs::granule - 1) / Slabs::granule * Slabs::granule;
      block = slabs.take(capacity);
    } else {
      capacity = sizeClass(capacity);
      block = cache().take(capacity, capacity);
      if (block == nullptr) block = fromSystem(capacity);
      if (block == nullptr) {
        cache().trim(0);
        block = fromSystem(capacity);
      }
    }
    TORCH_CHECK(block != nullptr, "not enough memory: a tensor of ", bytes, " bytes was asked for while ", liveBytes(), " bytes of tensors are alive");
    *static_cast<Header*>(block) = {capacity, bytes};
    const int64_t now = live.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed) + static_cast<int64_t>(bytes);
    for (int64_t seen = peak.load(std::memory_order_relaxed); now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed);) {
    }
    void* data = static_cast<char*>(block) + headerSize;
    return {data, data, &deallocate, device};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &deallocate; }
  void copy_data(void* target, const void* source, std::size_t bytes) const override { default_copy_data(target, source, bytes); }
};

int64_t memoryOfMachine() {
  auto bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  std::ifstream group("/sys/fs/cgroup/memory.max");  // "max" when there is no limit: then the number does not parse
  if (int64_t allowed; group >> allowed) bytes = std::min(bytes, allowed);
  return bytes;
}

}  // namespace

void installAllocator() {
  static std::once_flag once;
  std::call_once(once, [] {
    cache().setLimit(memoryOfMachine() / 4);
    c10::SetCPUAllocator(new TensorAllocator, 1);
#ifdef __GLIBC__
    // For what does not come through us (the scratch buffers of the GEMM libraries): keep freed memory instead of returning it at once.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
  });
}

int64_t liveBytes() { return live.load(std::memory_order_relaxed); }
int64_t cachedBytes() { return cache().bytes(); }
int64_t peakBytes() { return peak.load(std::memory_order_relaxed); }
void resetPeak() { peak.store(liveBytes(), std::memory_order_relaxed); }
void trimCache(int64_t keep) { cache().trim(keep); }
void setCacheLimit(int64_t bytes) { cache().setLimit(bytes); }

}  // namespace tunesmith
