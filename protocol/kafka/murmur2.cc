#include "protocol/kafka/murmur2.h"

#include <cstddef>

namespace wherry::kafka {

namespace {
constexpr std::uint32_t kSeed = 0x9747b28c;
constexpr std::uint32_t kFactor = 0x5bd1e995;

std::uint32_t ByteAt(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
}  // namespace

std::uint32_t Murmur2(std::string_view bytes) {
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  for (; bytes.size() >= 4; bytes.remove_prefix(4)) {
    std::uint32_t word =
        ByteAt(bytes, 0) | ByteAt(bytes, 1) << 8 | ByteAt(bytes, 2) << 16 | ByteAt(bytes, 3) << 24;
    word *= kFactor;
    word ^= word >> 24;
    word *= kFactor;
    hash = hash * kFactor ^ word;
  }
  if (!bytes.empty()) {
    for (std::size_t i = 0; i < bytes.size(); ++i) hash ^= ByteAt(bytes, i) << (8 * i);
    hash *= kFactor;
  }
  hash ^= hash >> 13;
  hash *= kFactor;
  return hash ^ hash >> 15;
}

std::int32_t PartitionForKey(std::string_view key, std::int32_t partitions) {
  if (partitions < 1) return 0;
  return static_cast<std::int32_t>(Murmur2(key) & 0x7fffffff) % partitions;
}

}  // namespace wherry::kafka
