#pragma once

#include <cstdint>
#include <string_view>

namespace wherry::kafka {

// CRC-32C (Castagnoli), as record batches carry it.
std::uint32_t Crc32c(std::string_view bytes);

}  // namespace wherry::kafka
