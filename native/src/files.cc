// Tensors and files: elements are read and written by position, straight from and to a tensor's memory, and looked at while they are in the cache.

#include "files.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/convert.h"
#include "bridge/errors.h"
#include "bridge/handles.h"
#include "mappings.h"

namespace tunesmith {
namespace {

constexpr int64_t mapFrom = 1 << 20;
constexpr int64_t piece = 512 << 10;  // stays in the second cache between the file and looking at it
// Linux asks for pages of its cache as large as what is written: memory that is in use everywhere is moved about first to make room for larger ones, which took longer than the copy.
constexpr int64_t writtenPiece = 128 << 10;

/// Whether no element is NaN or infinite: their exponents are all ones. Integers are always finite.
bool finite(const void* data, size_t bytes, at::ScalarType type) {
  const auto scan = [&]<typename Bits>(Bits exponent) {
    const auto* bits = static_cast<const Bits*>(data);
    // As wide as the elements, or a vector of comparisons would be unpacked into bytes with every step: that took longer than reading them.
    Bits broken = 0;
    for (size_t i = 0; i < bytes / sizeof(Bits); i++) broken |= (bits[i] & exponent) == exponent ? static_cast<Bits>(-1) : Bits(0);
    return broken == 0;
  };
  switch (type) {
    case at::kBFloat16: return scan(uint16_t{0x7f80});
    case at::kHalf: return scan(uint16_t{0x7c00});
    case at::kFloat: return scan(uint32_t{0x7f800000});
    case at::kDouble: return scan(uint64_t{0x7ff0000000000000});
    default: return true;
  }
}

void readFully(int descriptor, char* target, size_t bytes, off_t offset) {
  while (bytes > 0) {
    const ssize_t count = pread(descriptor, target, bytes, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw BridgeError("file-unreadable", "the file cannot be read at byte " + std::to_string(offset) + ": " + std::strerror(errno));
    if (count == 0) throw BridgeError("file-truncated", "the file ends at byte " + std::to_string(offset) + ", before the tensor does; fetch or write it again");
    target += count;
    bytes -= static_cast<size_t>(count);
    offset += count;
  }
}

/// Whether a byte can be read without waiting for the disk. Asking for pages that are there already takes as long as using them.
bool inMemory(int descriptor, off_t offset) {
#if defined(RWF_NOWAIT)
  char byte = 0;
  const iovec target{&byte, 1};
  return preadv2(descriptor, &target, 1, offset, RWF_NOWAIT) == 1;
#else
  return false;
#endif
}

void writeFully(int descriptor, const char* source, size_t bytes, off_t offset) {
  while (bytes > 0) {
    const ssize_t count = pwrite(descriptor, source, bytes, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == ENOSPC || errno == EDQUOT)) throw BridgeError("disk-full", "no space is left to write byte " + std::to_string(offset) + " of the file");
    if (count < 0) throw BridgeError("file-write-failed", "the file cannot be written at byte " + std::to_string(offset) + ": " + std::strerror(errno));
    source += count;
    bytes -= static_cast<size_t>(count);
    offset += count;
  }
}

/// XXH64 of a stream (Collet, "xxHash fast digest algorithm", section 3), seed 0: as fast as memory, to see whether bytes on a disk are those that
/// were written. Not against an adversary.
class Checksum {
 public:
  /// Every call but the last gets a multiple of 32 bytes.
  void add(const char* data, size_t bytes) {
    total_ += bytes;
    // Of its own: what lies in the object would be stored and loaded again with every step.
    std::array<uint64_t, 4> lanes = lanes_;
    for (; bytes >= 32; data += 32, bytes -= 32)
      for (int lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane], load<uint64_t>(data + 8 * lane));
    lanes_ = lanes;
    rest_.assign(data, data + bytes);
  }

  uint64_t value() const {
    uint64_t hash = fifth;
    if (total_ >= 32) {
      hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18);
      for (const auto lane : lanes_) hash = (hash ^ round(0, lane)) * first + fourth;
    }
    hash += total_;
    const char* at = rest_.data();
    size_t left = rest_.size();
    for (; left >= 8; at += 8, left -= 8) hash = std::rotl(hash ^ round(0, load<uint64_t>(at)), 27) * first + fourth;
    for (; left >= 4; at += 4, left -= 4) hash = std::rotl(hash ^ (load<uint32_t>(at) * first), 23) * second + third;
    for (; left > 0; at++, left--) hash = std::rotl(hash ^ (static_cast<uint8_t>(*at) * fifth), 11) * first;
    hash = (hash ^ (hash >> 33)) * second;
    hash = (hash ^ (hash >> 29)) * third;
    return hash ^ (hash >> 32);
  }

 private:
  static constexpr uint64_t first = 0x9e3779b185ebca87, second = 0xc2b2ae3d27d4eb4f, third = 0x165667b19e3779f9, fourth = 0x85ebca77c2b2ae63, fifth = 0x27d4eb2f165667c5;

  template <typename Word>
  static uint64_t load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }

  static uint64_t round(uint64_t lane, uint64_t word) { return std::rotl(lane + word * second, 31) * first; }

  std::array<uint64_t, 4> lanes_ = {first + second, second, 0, 0 - first};
  uint64_t total_ = 0;
  std::vector<char> rest_;
};

const at::Tensor& plain(const Napi::CallbackInfo& info) {
  const auto& tensor = unwrapTensor(info.Env(), info[0], "tensor");
  if (!tensor.is_cpu() || !tensor.is_contiguous()) throw BridgeError("argument-type", "tensor", "expected a contiguous tensor on the CPU; make one with ops.contiguous");
  return tensor;
}

struct Place {
  int descriptor;
  off_t offset;
};

Place placeFrom(const Napi::Value& descriptor, const Napi::Value& offset) {
  if (!descriptor.IsNumber() || !offset.IsNumber()) throw BridgeError("argument-type", "descriptor", "expected a file descriptor and an offset in bytes");
  return {descriptor.As<Napi::Number>().Int32Value(), static_cast<off_t>(offset.As<Napi::Number>().Int64Value())};
}

// readFile(tensor, descriptor, offset): overwrites the elements of a contiguous tensor on the CPU with those of a file, and tells whether all
// of them are finite
Napi::Value ReadFile(const Napi::CallbackInfo& info) {
  return guarded(info, "readFile", [&]() -> Napi::Value {
    const auto& tensor = plain(info);
    const auto [descriptor, offset] = placeFrom(info[1], info[2]);
    const auto bytes = static_cast<int64_t>(tensor.nbytes());
    std::atomic<bool> sound{true};
    auto* data = static_cast<char*>(tensor.mutable_data_ptr());
    at::parallel_for(0, (bytes + piece - 1) / piece, 1, [&](int64_t begin, int64_t end) {
      for (int64_t at = begin * piece; at < std::min(end * piece, bytes); at += piece) {
        const auto length = static_cast<size_t>(std::min(piece, bytes - at));
        readFully(descriptor, data + at, length, offset + at);
        if (!finite(data + at, length, tensor.scalar_type())) sound = false;
      }
    });
    return Napi::Boolean::New(info.Env(), sound);
  });
}

/// What was seen on the way between a file and memory.
struct Seen {
  bool finite = true;
  uint64_t checksum = 0;
};

/// Work of one thread of Node's pool, and the promise that waits for it.
struct FileWork {
  const char* name;
  std::function<Seen()> body;
  std::function<Napi::Value(Napi::Env, const Seen&)> answer;
  Seen seen;
  std::exception_ptr failure;
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
};

Napi::Value inBackground(Napi::Env env, const char* name, std::function<Seen()> body, std::function<Napi::Value(Napi::Env, const Seen&)> answer) {
  auto work = std::make_unique<FileWork>(FileWork{name, std::move(body), std::move(answer), {}, nullptr});
  napi_value promise = nullptr;
  expectOk(env, napi_create_promise(env, &work->deferred, &promise), "making a promise");
  const auto run = [](napi_env, void* data) {
    auto& self = *static_cast<FileWork*>(data);
    try {
      self.seen = self.body();
    } catch (...) {
      self.failure = std::current_exception();
    }
  };
  const auto finish = [](napi_env raw, napi_status, void* data) {
    const std::unique_ptr<FileWork> self(static_cast<FileWork*>(data));
    Napi::Env env(raw);
    Napi::HandleScope handles(env);
    if (self->failure) {
      try {
        std::rethrow_exception(self->failure);
      } catch (...) {
        throwCurrent(env, self->name);
      }
      napi_value error = nullptr;
      napi_get_and_clear_last_exception(env, &error);
      napi_reject_deferred(env, self->deferred, error);
    } else {
      napi_resolve_deferred(env, self->deferred, self->answer(env, self->seen));
    }
    napi_delete_async_work(env, self->work);
  };
  expectOk(env, napi_create_async_work(env, nullptr, Napi::String::New(env, name), run, finish, work.get(), &work->work), "preparing work for another thread");
  expectOk(env, napi_queue_async_work(env, work->work), "handing work to another thread");
  work.release();
  return {env, promise};
}

// readFileAsync(tensor, descriptor, offset): as readFile, by another thread; the tensor must not be used until the promise is kept
Napi::Value ReadFileAsync(const Napi::CallbackInfo& info) {
  return guarded(info, "readFileAsync", [&]() -> Napi::Value {
    const auto [descriptor, offset] = placeFrom(info[1], info[2]);
    const auto body = [tensor = plain(info), descriptor, offset] {
      Seen seen;
      auto* data = static_cast<char*>(tensor.mutable_data_ptr());
      const auto bytes = static_cast<int64_t>(tensor.nbytes());
      for (int64_t at = 0; at < bytes; at += piece) {
        const auto length = static_cast<size_t>(std::min(piece, bytes - at));
        readFully(descriptor, data + at, length, offset + at);
        if (!finite(data + at, length, tensor.scalar_type())) seen.finite = false;
      }
      return seen;
    };
    return inBackground(info.Env(), "readFileAsync", body, [](Napi::Env env, const Seen& seen) -> Napi::Value { return Napi::Boolean::New(env, seen.finite); });
  });
}

// mapFileAsync(descriptor, offset, shape, dtype, looked): a tensor whose elements are those of a part of a file, read by another thread but not copied where they lie whole
// in memory. Where they are `looked` at, the promise tells also whether all are finite; else it says so, and what is not copied is read when it is used. What changes in the
// file may change in the tensor.
Napi::Value MapFileAsync(const Napi::CallbackInfo& info) {
  return guarded(info, "mapFileAsync", [&]() -> Napi::Value {
    const auto [descriptor, offset] = placeFrom(info[0], info[1]);
    const auto shape = integers(info.Env(), info[2], "shape");
    const auto dtype = dtypeFrom(info.Env(), info[3], "dtype");
    const bool looked = info[4].ToBoolean();
    int64_t elements = 1;
    for (const auto size : shape)
      if (size < 0 || __builtin_mul_overflow(elements, size, &elements) || elements > (int64_t(1) << 56)) throw BridgeError("argument-type", "shape", "expected sizes from 0 up whose product is not too large");
    const auto bytes = elements * static_cast<int64_t>(c10::elementSize(dtype));
    const auto made = std::make_shared<at::Tensor>();
    const auto body = [made, descriptor, offset, shape, dtype, bytes, looked] {
      struct stat state {};
      if (fstat(descriptor, &state) != 0 || state.st_size < offset + bytes) throw BridgeError("file-truncated", "the file ends at byte " + std::to_string(state.st_size) + ", before the tensor does; fetch or write it again");
      const auto options = at::TensorOptions().dtype(dtype);
      // Below this size a copy costs less; elements that do not lie on their own size are no numbers to the processor everywhere.
      auto mapped = bytes >= mapFrom && offset % static_cast<off_t>(c10::elementSize(dtype)) == 0 ? mapFile(descriptor, offset, static_cast<size_t>(bytes)) : nullptr;
      *made = mapped ? at::from_blob(mapped.get(), shape, [mapped](void*) mutable { mapped.reset(); }, options) : at::empty(shape, options);
      auto* data = static_cast<char*>(made->mutable_data_ptr());
      if (bytes > 0 && !inMemory(descriptor, offset + bytes - 1)) posix_fadvise(descriptor, offset, bytes, POSIX_FADV_WILLNEED);
      Seen seen;
      for (int64_t at = 0; at < bytes; at += piece) {
        const auto length = static_cast<size_t>(std::min(piece, bytes - at));
        if (!mapped) readFully(descriptor, data + at, length, offset + at);
        if (looked && !finite(data + at, length, dtype)) seen.finite = false;
      }
      return seen;
    };
    return inBackground(info.Env(), "mapFileAsync", body, [made](Napi::Env env, const Seen& seen) -> Napi::Value {
      auto result = Napi::Object::New(env);
      result["tensor"] = Napi::Value(env, wrapTensor(env, std::move(*made)));
      result["finite"] = Napi::Boolean::New(env, seen.finite);
      return result;
    });
  });
}

// missingPages(): pages of mapped files that could not be read since the process began; zeros stand in their place
Napi::Value MissingPages(const Napi::CallbackInfo& info) {
  return guarded(info, "missingPages", [&]() -> Napi::Value { return Napi::Number::New(info.Env(), static_cast<double>(tunesmith::missingPages())); });
}

// writeFileAsync(tensor, descriptor, offset): the elements of a contiguous tensor on the CPU into a file, by another thread; the tensor must not change
// until the promise is kept, which tells whether all elements are finite, and the checksum of the bytes
Napi::Value WriteFileAsync(const Napi::CallbackInfo& info) {
  return guarded(info, "writeFileAsync", [&]() -> Napi::Value {
    const auto [descriptor, offset] = placeFrom(info[1], info[2]);
    const auto body = [tensor = plain(info), descriptor, offset] {
      Seen seen;
      Checksum checksum;
      const auto* data = static_cast<const char*>(tensor.const_data_ptr());
      const auto bytes = static_cast<int64_t>(tensor.nbytes());
      for (int64_t at = 0; at < bytes; at += writtenPiece) {
        const auto length = static_cast<size_t>(std::min(writtenPiece, bytes - at));
        if (!finite(data + at, length, tensor.scalar_type())) seen.finite = false;
        checksum.add(data + at, length);
        writeFully(descriptor, data + at, length, offset + at);
      }
      seen.checksum = checksum.value();
      return seen;
    };
    return inBackground(info.Env(), "writeFileAsync", body, [](Napi::Env env, const Seen& seen) -> Napi::Value {
      auto result = Napi::Object::New(env);
      result["finite"] = Napi::Boolean::New(env, seen.finite);
      result["checksum"] = Napi::BigInt::New(env, seen.checksum);
      return result;
    });
  });
}

// checksumFile(descriptor, offset, bytes): the checksum of a part of a file, by another thread
Napi::Value ChecksumFile(const Napi::CallbackInfo& info) {
  return guarded(info, "checksumFile", [&]() -> Napi::Value {
    const auto [descriptor, offset] = placeFrom(info[0], info[1]);
    if (!info[2].IsNumber() || info[2].As<Napi::Number>().Int64Value() < 0) throw BridgeError("argument-type", "bytes", "expected how many bytes");
    const auto body = [descriptor, offset, bytes = info[2].As<Napi::Number>().Int64Value()] {
      Checksum checksum;
      std::vector<char> buffer(static_cast<size_t>(std::min(piece, bytes)));
      for (int64_t at = 0; at < bytes; at += piece) {
        const auto length = static_cast<size_t>(std::min(piece, bytes - at));
        readFully(descriptor, buffer.data(), length, offset + at);
        checksum.add(buffer.data(), length);
      }
      return Seen{true, checksum.value()};
    };
    return inBackground(info.Env(), "checksumFile", body, [](Napi::Env env, const Seen& seen) -> Napi::Value { return Napi::BigInt::New(env, seen.checksum); });
  });
}

}  // namespace

void initFiles(Napi::Env env, Napi::Object exports) {
  exports["readFile"] = Napi::Function::New(env, ReadFile, "readFile");
  exports["readFileAsync"] = Napi::Function::New(env, ReadFileAsync, "readFileAsync");
  exports["mapFileAsync"] = Napi::Function::New(env, MapFileAsync, "mapFileAsync");
  exports["missingPages"] = Napi::Function::New(env, MissingPages, "missingPages");
  exports["writeFileAsync"] = Napi::Function::New(env, WriteFileAsync, "writeFileAsync");
  exports["checksumFile"] = Napi::Function::New(env, ChecksumFile, "checksumFile");
}

}  // namespace tunesmith
