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

/// What is left to choose in a block once its scales are there: a level for each element, value = scale * (level - zero) - offset, or scale * line[level]. Levels are counted from 0.
struct Levels {
  /// Elements that share a scale and an offset.
  int64_t groupElements;
  int zero, least, top;
  /// Of types whose levels are no even steps: the values of the sixteen, ascending.
  const float* line;
  /// Reads the scale and the offset of each group.
  void (*grids)(const uint8_t* block, float* scales, float* offsets);
  /// Writes the levels of a block; its scales stay.
  void (*pack)(const uint8_t* level, uint8_t* block);
};

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

extern const Levels levelsOfQ8_0, levelsOfQ4_0, levelsOfQ4_1, levelsOfQ5_0, levelsOfQ5_1, levelsOfIQ4_NL, levelsOfQ2_K, levelsOfQ3_K, levelsOfQ4_K, levelsOfQ5_K, levelsOfQ6_K;

}  // namespace tunesmith::gguf
