#include "storage/rocksdb_crc32c.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "rocksdb/version.h"
#include "storage/crc32c.h"

namespace wherry::storage {

void LinkRocksdbCrc32c() {}

}  // namespace wherry::storage

// Debian builds RocksDB for processors without an instruction for this checksum: its table costs a
// third of the CPU of an append. A linker takes the first definition of a name, so a program that
// links RocksDB's archive takes these, and leaves the table out. They are for the one version whose
// names these are.
#if ROCKSDB_MAJOR == 7 && ROCKSDB_MINOR == 8
namespace rocksdb::crc32c {

std::string IsFastCrc32Supported();
std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size);
std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second, std::size_t second_size);

std::string IsFastCrc32Supported() { return "Supported by ISA-L"; }

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size) {
  return wherry::storage::Crc32c({data, size}, crc);
}

std::uint32_t Crc32cCombine(std::uint32_t first, std::uint32_t second, std::size_t second_size) {
  return wherry::storage::JoinCrc32c(first, second, second_size);
}

}  // namespace rocksdb::crc32c
#endif
