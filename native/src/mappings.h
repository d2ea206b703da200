#pragma once
// Parts of files that lie in memory as they are.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tunesmith {

/// The part as memory until the last one lets go of it; writing there changes a copy, never the file. Null where the system has no such file in memory, or too many
/// are there already. A page that the file does not give any more, because it was cut off or its disk failed, holds zeros, and is counted.
std::shared_ptr<char> mapFile(int descriptor, off_t offset, size_t bytes);

/// Pages that held zeros in the end, since the process began.
int64_t missingPages();

}  // namespace tunesmith
