#pragma once

#include <cstdint>
#include <map>

#include "tools/export/progress.h"
#include "tools/export/reader.h"
#include "wherry/status.h"

namespace wherry::exporting {

// The sum of a partition's records: how many, and a hash of their keys, values, headers and
// timestamps in their order.
struct Digest {
  std::uint64_t records = 0;
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  bool operator==(const Digest&) const = default;

  void Add(const rd_kafka_message_t& record);
};

StatusOr<std::map<TopicPartition, Digest>> DigestOf(Reader& reader, const Ranges& ranges,
                                                    const Reader::Idle& idle);

}  // namespace wherry::exporting
