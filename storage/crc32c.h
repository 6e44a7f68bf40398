#pragma once

#include <cstdint>
#include <string_view>

namespace wherry::storage {

// CRC-32C (Castagnoli) of `bytes`, going on from `crc` (0: from the start). Threads: any.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc = 0);

// The CRC-32C of two pieces behind one another, of which the second has that many bytes.
// Threads: any.
std::uint32_t JoinCrc32c(std::uint32_t first, std::uint32_t second, std::uint64_t second_size);

}  // namespace wherry::storage
