#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/log.h"

// The keys and values of a data directory; storage/FORMAT.md is the same for people.
// Threads: any.
namespace wherry::storage::format {

// Grows when an older Wherry must not touch the directory any more.
inline constexpr std::uint32_t kVersion = 1;

// Column families, all made when the directory is.
inline constexpr char kLogs[] = "logs";        // log id -> where it begins
inline constexpr char kBatches[] = "batches";  // log id, last offset -> a batch
inline constexpr char kState[] = "state";      // the key/value space, as it is
// And in "default":
inline constexpr char kVersionKey[] = "version";      // kVersion, be32
inline constexpr char kNextLogKey[] = "next-log-id";  // be64, no log has or had an id from it on

std::string Be32(std::uint32_t value);
std::string Be64(std::uint64_t value);
// nullopt: not 4 (8) bytes.
std::optional<std::uint32_t> FromBe32(std::string_view bytes);
std::optional<std::uint64_t> FromBe64(std::string_view bytes);

// The offsets of one log that no batch tells: where it starts, and the least its end can be (an
// empty log keeps its place).
struct LogRecord {
  std::int64_t start_offset = 0;
  std::int64_t end_floor = 0;
};
std::string LogValue(const LogRecord& record);
std::optional<LogRecord> ReadLogValue(std::string_view value);

// Named by its last offset, so that the first key at or behind (log, offset) is of the batch that
// holds `offset`.
std::string BatchKey(LogId log, std::int64_t last_offset);
struct BatchName {
  LogId log = 0;
  std::int64_t last_offset = 0;
};
std::optional<BatchName> ReadBatchKey(std::string_view key);

// In front of a batch's bytes.
inline constexpr std::size_t kBatchHeaderSize = 20;
std::string BatchHeader(const Batch& batch);
// The batch without its bytes. kDataLoss: header and bytes do not match their checksum; `check`
// false reads the header alone.
absl::StatusOr<Batch> ReadBatch(std::string_view key, std::string_view value, bool check);

}  // namespace wherry::storage::format
