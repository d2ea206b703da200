#pragma once
// The CPU memory of tensors. Training asks for the same large buffers in every step; memory that comes fresh from the system must be
// zeroed page by page on first touch, so large blocks are kept and handed out again.

#include <cstdint>

namespace tunesmith {

/// Replaces libtorch's CPU allocator, once per process.
void installAllocator();

/// Bytes of tensor memory in use now, by whoever holds them (handles, the autograd graph).
int64_t liveBytes();
/// Bytes kept for reuse.
int64_t cachedBytes();
/// The highest value of liveBytes since the last reset.
int64_t peakBytes();
void resetPeak();
/// Gives kept blocks back to the system until at most `keep` bytes are kept.
void trimCache(int64_t keep);
/// At most this many bytes are kept from now on.
void setCacheLimit(int64_t bytes);

}  // namespace tunesmith
