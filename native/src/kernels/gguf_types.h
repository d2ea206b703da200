// The tensor types of GGUF files that are written here, by name.
#pragma once

#include <c10/util/string_view.h>

#include "kernels/gguf_blocks.h"

namespace tunesmith::gguf {

struct Type {
  const char* name;
  int64_t blockElements, blockBytes;
  Encode encode;
  /// Where the block has float16 numbers; -1: nowhere.
  int64_t halves[2];
  /// Null for types without blocks.
  const Levels* levels;
};

/// Throws where there is none of this name.
const Type& typeOf(c10::string_view name);

}  // namespace tunesmith::gguf
