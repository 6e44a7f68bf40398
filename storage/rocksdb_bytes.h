#pragma once

#include <cstdint>
#include <string_view>

// How RocksDB writes numbers and checksums into its files. Threads: any.
namespace wherry::storage {

// Of at most 8 bytes.
inline std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    number = (number << 8) | static_cast<std::uint8_t>(*byte);
  }
  return number;
}

// A checksum as it is stored: masked, since what it covers may hold checksums.
inline std::uint32_t MaskedCrc32c(std::uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

}  // namespace wherry::storage
