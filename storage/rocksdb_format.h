#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/memtable.h"

// The keys and values of a data directory; storage/FORMAT.md is the same for people.
// Threads: any.
namespace wherry::storage::format {

// Grows when an older Wherry must not touch the directory any more.
inline constexpr std::uint32_t kVersion = 2;

// Column families, all made when the directory is.
inline constexpr char kLogs[] = "logs";        // log id -> where it begins and ends
inline constexpr char kBatches[] = "batches";  // log id, last offset -> a batch
inline constexpr char kState[] = "state";      // the key/value space, as it is
// And in "default":
inline constexpr char kVersionKey[] = "version";      // kVersion, be32
inline constexpr char kNextLogKey[] = "next-log-id";  // be64, no log has or had an id from it on
inline constexpr char kSealedKey[] = "sealed";        // Sealed
inline constexpr char kKeptPrefix[] = "kept/";        // be64 number of a journal -> KeptJournal

std::string Be32(std::uint32_t value);
std::string Be64(std::uint64_t value);
// nullopt: not 4 (8) bytes.
std::optional<std::uint32_t> FromBe32(std::string_view bytes);
std::optional<std::uint64_t> FromBe64(std::string_view bytes);

// How far the journal has been taken over into the tables.
struct Sealed {
  std::uint64_t through = 0;        // the number of its last file that has been
  std::uint64_t next_sequence = 0;  // of the first record behind it
};
std::string SealedValue(const Sealed& sealed);
std::optional<Sealed> ReadSealedValue(std::string_view value);

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

// Where a batch's bytes lie in the journal.
struct Place {
  std::uint64_t journal = 0;
  std::uint64_t position = 0;
  std::uint32_t size = 0;
};
// What a batch's value holds: its bytes, or the place of them.
struct BatchValue {
  std::int64_t base_offset = 0;
  std::int64_t max_timestamp = -1;
  std::uint32_t crc = 0;
  std::optional<Place> place;
  std::string_view bytes;  // where there is no place

  std::size_t size() const { return place.has_value() ? place->size : bytes.size(); }
};
// What stands before the bytes, or with the place all of it.
std::string BatchHeader(const BatchValue& value);
// nullopt: it is damaged.
std::optional<BatchValue> ReadBatchValue(std::string_view value);

// A file of the journal that is kept for the batches that lie in it.
struct KeptJournal {
  struct Log {
    LogId log = 0;
    // The first and the last of the batches that the file was kept for, each by where it ends.
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::uint64_t bytes = 0;  // of those that were not erased one by one
  };
  std::uint64_t bytes = 0;  // when it was sealed
  std::vector<Log> logs;
};
std::string KeptKey(std::uint64_t number);
std::string KeptValue(const KeptJournal& kept);
std::optional<KeptJournal> ReadKeptValue(std::string_view value);

}  // namespace wherry::storage::format
