// Rows of float32 numbers as the block types of GGUF files: one function for each, the same bytes as ggml's quantizer (ggml-quants.c: the functions
// quantize_q4_K and so on, with and without an importance matrix). Layouts: ggml-common.h. Plain C++: nothing of libtorch is known here.
#pragma once

#include <cstdint>

namespace tunesmith::gguf {

/// Rows that lie one behind another.
struct Rows {
  const float* values;
  int64_t count, columns;
  /// How much an error in each column weighs (mean squares of what the column is multiplied with), or null.
  const float* importance;
};

using Encode = void (*)(const Rows& rows, uint8_t* out);

void encodeQ8_0(const Rows& rows, uint8_t* out);
void encodeQ4_0(const Rows& rows, uint8_t* out);
void encodeQ4_1(const Rows& rows, uint8_t* out);
void encodeQ5_0(const Rows& rows, uint8_t* out);
void encodeQ5_1(const Rows& rows, uint8_t* out);
void encodeIQ4_NL(const Rows& rows, uint8_t* out);
void encodeQ2_K(const Rows& rows, uint8_t* out);
void encodeQ3_K(const Rows& rows, uint8_t* out);
void encodeQ4_K(const Rows& rows, uint8_t* out);
void encodeQ5_K(const Rows& rows, uint8_t* out);
void encodeQ6_K(const Rows& rows, uint8_t* out);

}  // namespace tunesmith::gguf
