// What a file does not give any more is, where it lies in memory, no error of a call but a signal that ends the process. Here the signal puts a page of zeros in the
// missing one's place and counts it, for those who used the numbers to ask afterwards.

#include "mappings.h"

#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <mutex>

namespace tunesmith {
namespace {

constexpr uintptr_t page = 4096;

struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<char*> begin{nullptr}, end{nullptr};
};

// What a signal may look at: no locks, no memory from a heap.
Slot slots[1024];
std::atomic<int64_t> missing{0};
struct sigaction previous {};

void onMissingPage(int signal, siginfo_t* info, void* context) {
  auto* address = static_cast<char*>(info->si_addr);
  for (const auto& slot : slots) {
    if (address < slot.begin.load() || address >= slot.end.load()) continue;
    auto* start = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(address) / page * page);
    if (mmap(start, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) break;
    missing++;
    return;
  }
  // Not of ours: as if this were not here. The default comes when the instruction is tried again.
  if ((previous.sa_flags & SA_SIGINFO) != 0)
    previous.sa_sigaction(signal, info, context);
  else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
    previous.sa_handler(signal);
  else
    std::signal(SIGBUS, SIG_DFL);
}

Slot* freeSlot() {
  for (auto& slot : slots)
    if (bool taken = false; slot.taken.compare_exchange_strong(taken, true)) return &slot;
  return nullptr;
}

}  // namespace

std::shared_ptr<char> mapFile(int descriptor, off_t offset, size_t bytes) {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = onMissingPage;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &action, &previous);
  });
  auto* slot = freeSlot();
  if (slot == nullptr) return nullptr;
  const auto before = static_cast<size_t>(offset) % page, length = before + bytes;
  void* mapped = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, offset - static_cast<off_t>(before));
  if (mapped == MAP_FAILED) {
    slot->taken = false;
    return nullptr;
  }
  auto* start = static_cast<char*>(mapped);
  slot->begin = start;
  slot->end = start + (length + page - 1) / page * page;
  return {start + before, [slot, start, length](char*) {
            slot->end = nullptr;
            munmap(start, length);
            slot->taken = false;
          }};
}

int64_t missingPages() { return missing; }

}  // namespace tunesmith
