#include "protocol/kafka/crc32c.h"

#include <algorithm>
#include <cstddef>

#include <isa-l/crc.h>

namespace wherry::kafka {

std::uint32_t Crc32c(std::string_view bytes) {
  // crc32_iscsi takes an int for the length, and leaves the first and the last inversion to us.
  constexpr std::size_t kMaxStep = std::size_t{1} << 30;
  std::uint32_t crc = 0xffffffff;
  while (!bytes.empty()) {
    const std::size_t step = std::min(bytes.size(), kMaxStep);
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    crc = crc32_iscsi(data, static_cast<int>(step), crc);
    bytes.remove_prefix(step);
  }
  return ~crc;
}

}  // namespace wherry::kafka
