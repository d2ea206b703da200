// The scales of GGUF blocks: IEEE binary16, little-endian.
#pragma once

#include <c10/util/Half.h>

#include <cstring>

namespace tunesmith::gguf {

/// Writes the nearest binary16 number, and returns what will be read back.
inline float putHalf(uint8_t* to, float value) {
  const uint16_t bits = c10::detail::fp16_ieee_from_fp32_value(value);
  std::memcpy(to, &bits, sizeof bits);
  return c10::detail::fp16_ieee_to_fp32_value(bits);
}

inline float getHalf(const uint8_t* from) {
  uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return c10::detail::fp16_ieee_to_fp32_value(bits);
}

}  // namespace tunesmith::gguf
