#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

// What a loss of power leaves of what was being written. Threads: any.
namespace wherry::storage {

// Whether a disk may have lost the end of it: its size came to the disk, and its last sectors, all
// of it perhaps, hold zeros. `position`: where `bytes`, which go to the end of the file, begin in
// it.
//
// Example: of bytes at 1000 that end in zeros from 1530 on, the sectors from 1536 on may be lost;
// where they end at 1535, none is, and the zeros were written.
bool MayHaveLostSectors(std::string_view bytes, std::uint64_t position);

// Takes away what lies behind `size` bytes, on the disk too: nothing may be written behind it
// before, since the file may outlive a later crash. kInternal: the kernel refused.
absl::Status CutFile(const std::string& path, std::uint64_t size);

}  // namespace wherry::storage
