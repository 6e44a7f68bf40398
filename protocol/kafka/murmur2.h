#pragma once

#include <cstdint>
#include <string_view>

namespace wherry::kafka {

// The 32-bit MurmurHash2 that Kafka's clients partition by (their seed included).
std::uint32_t Murmur2(std::string_view bytes);

// The partition to which the Java client's default partitioner sends a record of that key.
// `partitions` is at least 1. Example: Murmur2("21") is -973932308 as an int; without its sign bit
// it is 1173551340, so of 10 partitions it is number 0.
std::int32_t PartitionForKey(std::string_view key, std::int32_t partitions);

}  // namespace wherry::kafka
