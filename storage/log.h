#pragma once

// The vocabulary of storage: bytes kept in order. Knows no protocol, no socket, no thread, no
// clock.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace wherry::storage {

// Names one log in one store. Given out by LogStore::CreateLog, never reused. 0 names none.
using LogId = std::uint64_t;

// The bytes of one batch, shared and immutable: the memory log, the tail cache and a socket's write
// queue may all hold the same bytes.
using Bytes = std::shared_ptr<const std::string>;

// One batch as a log keeps it. It covers the offsets [base_offset, last_offset]; offsets of a log
// may have gaps (compaction removes batches, never renumbers them), so the next batch's base_offset
// is greater than this one's last_offset, but not always by one.
//
// Example: three appends of 10, 1 and 5 records give [0,9] [10,10] [11,15] and an end offset of 16.
struct Batch {
  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  // The greatest record timestamp in the batch, in milliseconds since the epoch; -1: it has none.
  std::int64_t max_timestamp = -1;
  Bytes bytes;
};

// What a Read may return at most.
struct ReadLimits {
  // Stop before the batch that would pass this many bytes in sum, but return at least one batch (a
  // batch larger than the limit must not stop its reader for ever: KIP-74). A store need not read
  // the next batch to see its size: it may stop where another like the last one would pass.
  std::size_t max_bytes = 1 << 20;
  // Only batches with base_offset < end_offset are returned (a reader stays below the high
  // watermark).
  std::int64_t end_offset = INT64_MAX;
};

// A log's bounds. Records in [start_offset, end_offset) may be read; end_offset is the next one's.
struct LogBounds {
  std::int64_t start_offset = 0;
  std::int64_t end_offset = 0;
  // Sum of the sizes of the batches kept, in bytes; after a restart an estimate.
  std::uint64_t size_bytes = 0;
};

}  // namespace wherry::storage
