#pragma once

#include <cstdint>
#include <string_view>

namespace wherry::storage {

// CRC-32C (Castagnoli) of `bytes`, going on from `crc` (0: from the start). Threads: any.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace wherry::storage
