// Tensors themselves: making them from bytes, reading them, letting go of them. All arithmetic goes through the generic door.

#include "tensor.h"

#include <ATen/ATen.h>

#include <cstring>
#include <limits>

#include "bridge/convert.h"
#include "bridge/errors.h"
#include "bridge/handles.h"

namespace tunesmith {
namespace {

struct Bytes {
  const uint8_t* data;
  size_t size;
};

Bytes bytesOf(const Napi::Value& value, const char* argument) {
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    return {static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength()};
  }
  if (value.IsArrayBuffer()) {
    auto buffer = value.As<Napi::ArrayBuffer>();
    return {static_cast<const uint8_t*>(buffer.Data()), buffer.ByteLength()};
  }
  throw BridgeError("argument-type", argument, "expected a typed array or an ArrayBuffer, got " + describe(value.Env(), value));
}

void expectSize(const Bytes& bytes, const at::Tensor& tensor) {
  if (bytes.size == static_cast<size_t>(tensor.nbytes())) return;
  throw BridgeError("byte-length", "bytes",
                    std::string("expected ") + std::to_string(tensor.nbytes()) + " bytes for " + dtypeName(tensor.scalar_type()) + " " + shapeText(tensor) +
                        ", got " + std::to_string(bytes.size));
}

// fromBytes(bytes, shape, dtype): a copy of little-endian elements in row-major order, on the CPU
Napi::Value FromBytes(const Napi::CallbackInfo& info) {
  return guarded(info, "fromBytes", [&]() -> Napi::Value {
    const auto env = info.Env();
    const auto bytes = bytesOf(info[0], "bytes");
    const auto shape = integers(env, info[1], "shape");
    int64_t elements = 1;
    for (const auto size : shape) {
      if (size < 0) throw BridgeError("argument-type", "shape", "sizes must not be negative, got " + std::to_string(size));
      // The largest product that is worth asking for is what the bytes can hold; beyond it the multiplication could overflow.
      if (size != 0 && elements > std::numeric_limits<int64_t>::max() / 16 / size) throw BridgeError("argument-type", "shape", "the shape is too large");
      elements *= size;
    }
    const auto dtype = dtypeFrom(env, info[2], "dtype");
    const auto wanted = static_cast<size_t>(elements) * c10::elementSize(dtype);
    if (bytes.size != wanted)  // before anything is allocated
      throw BridgeError("byte-length", "bytes", std::string("expected ") + std::to_string(wanted) + " bytes for " + std::to_string(elements) + " elements of " +
                                                    dtypeName(dtype) + ", got " + std::to_string(bytes.size));
    auto tensor = at::empty(shape, at::TensorOptions().dtype(dtype));
    if (bytes.size > 0) std::memcpy(tensor.mutable_data_ptr(), bytes.data, bytes.size);
    reportMemory(env);
    return {env, wrapTensor(env, std::move(tensor))};
  });
}

// writeBytes(tensor, bytes): overwrites the elements of a contiguous tensor
Napi::Value WriteBytes(const Napi::CallbackInfo& info) {
  return guarded(info, "writeBytes", [&]() -> Napi::Value {
    const auto& tensor = unwrapTensor(info.Env(), info[0], "tensor");
    const auto bytes = bytesOf(info[1], "bytes");
    if (!tensor.is_contiguous()) throw BridgeError("argument-type", "tensor", "expected a contiguous tensor; make one with ops.contiguous");
    expectSize(bytes, tensor);
    const auto onCpu = tensor.is_cpu() ? tensor : at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
    if (bytes.size > 0) std::memcpy(onCpu.mutable_data_ptr(), bytes.data, bytes.size);
    at::NoGradGuard noGrad;
    if (!tensor.is_cpu()) tensor.copy_(onCpu);
    return info.Env().Undefined();
  });
}

// toBytes(tensor): a copy, little-endian, row-major
Napi::Value ToBytes(const Napi::CallbackInfo& info) {
  return guarded(info, "toBytes", [&]() -> Napi::Value {
    const auto env = info.Env();
    const auto tensor = unwrapTensor(env, info[0], "tensor").detach().to(at::kCPU).contiguous();
    auto buffer = Napi::ArrayBuffer::New(env, tensor.nbytes());
    if (tensor.nbytes() > 0) std::memcpy(buffer.Data(), tensor.const_data_ptr(), tensor.nbytes());
    return Napi::Uint8Array::New(env, tensor.nbytes(), buffer, 0);
  });
}

// item(tensor): the only element as a number
Napi::Value Item(const Napi::CallbackInfo& info) {
  return guarded(info, "item", [&]() -> Napi::Value {
    const auto& tensor = unwrapTensor(info.Env(), info[0], "tensor");
    if (tensor.numel() != 1)
      throw BridgeError("shape-mismatch", "tensor", "expected one element, got the shape " + shapeText(tensor) + "; use toArray, or reduce it first");
    if (c10::isIntegralType(tensor.scalar_type(), false)) {
      const auto value = tensor.item<int64_t>();
      if (value > (int64_t{1} << 53) || value < -(int64_t{1} << 53))
        throw BridgeError("integer-unsafe", "tensor", "the value " + std::to_string(value) + " does not fit a JavaScript number exactly");
      return Napi::Number::New(info.Env(), static_cast<double>(value));
    }
    return Napi::Number::New(info.Env(), tensor.item<double>());
  });
}

Napi::Value Dispose(const Napi::CallbackInfo& info) {
  return guarded(info, "dispose", [&]() -> Napi::Value {
    const bool first = disposeTensor(info.Env(), info[0]);
    reportMemory(info.Env());
    return Napi::Boolean::New(info.Env(), first);
  });
}

Napi::Value IsDisposed(const Napi::CallbackInfo& info) {
  return guarded(info, "isDisposed", [&]() -> Napi::Value { return Napi::Boolean::New(info.Env(), peekTensor(info.Env(), info[0]) == nullptr); });
}

Napi::Value Shape(const Napi::CallbackInfo& info) {
  return guarded(info, "shape", [&]() -> Napi::Value {
    const auto& tensor = unwrapTensor(info.Env(), info[0], "tensor");
    auto shape = Napi::Array::New(info.Env(), tensor.dim());
    for (int64_t i = 0; i < tensor.dim(); i++) shape[static_cast<uint32_t>(i)] = Napi::Number::New(info.Env(), static_cast<double>(tensor.size(i)));
    return shape;
  });
}

Napi::Value Dtype(const Napi::CallbackInfo& info) {
  return guarded(info, "dtype", [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), dtypeName(unwrapTensor(info.Env(), info[0], "tensor").scalar_type()));
  });
}

Napi::Value Device(const Napi::CallbackInfo& info) {
  return guarded(info, "device", [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), unwrapTensor(info.Env(), info[0], "tensor").device().str());
  });
}

Napi::Value IsContiguous(const Napi::CallbackInfo& info) {
  return guarded(info, "isContiguous", [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), unwrapTensor(info.Env(), info[0], "tensor").is_contiguous());
  });
}

}  // namespace

void initTensor(Napi::Env env, Napi::Object exports) {
  exports["fromBytes"] = Napi::Function::New(env, FromBytes, "fromBytes");
  exports["writeBytes"] = Napi::Function::New(env, WriteBytes, "writeBytes");
  exports["toBytes"] = Napi::Function::New(env, ToBytes, "toBytes");
  exports["item"] = Napi::Function::New(env, Item, "item");
  exports["dispose"] = Napi::Function::New(env, Dispose, "dispose");
  exports["isDisposed"] = Napi::Function::New(env, IsDisposed, "isDisposed");
  exports["shape"] = Napi::Function::New(env, Shape, "shape");
  exports["dtype"] = Napi::Function::New(env, Dtype, "dtype");
  exports["device"] = Napi::Function::New(env, Device, "device");
  exports["isContiguous"] = Napi::Function::New(env, IsContiguous, "isContiguous");
}

}  // namespace tunesmith
