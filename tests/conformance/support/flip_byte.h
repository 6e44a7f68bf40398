#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace wherry::conformance {

// Turns those bits of one byte of a file over; the same again turns them back.
inline void FlipByte(const std::filesystem::path& path, std::uint64_t position, char bits) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(position));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(position));
  file.put(static_cast<char>(byte ^ bits));
}

}  // namespace wherry::conformance
