#include "storage/crc32c.h"

#include <isa-l/crc.h>

namespace wherry::storage {

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc) {
  // ISA-L leaves the inversion at both ends to its caller, counts in int, and writes nothing.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~crc);
}

}  // namespace wherry::storage
