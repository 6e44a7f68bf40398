#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/journal_file.h"

namespace wherry::storage {

// A batch in a file of the journal. Its name, the last offset, is the key that it is found by.
struct JournaledBatch {
  std::int64_t base_offset = 0;
  std::int64_t max_timestamp = -1;
  std::uint64_t position = 0;
  std::uint32_t size = 0;
  std::uint32_t crc = 0;
};

// Where a log begins and ends, and how much it holds.
struct LogRecord {
  std::int64_t start_offset = 0;
  std::int64_t end_offset = 0;
  std::uint64_t size_bytes = 0;  // about
};

// What one file of the journal changes, to be found without reading it. Changes of an older file,
// or of what is sealed, are told here too: the newest that knows a key is right.
//
// Threads: one at a time until it is sealed, then any, for nothing changes it any more. Owned by
// the store and by readers.
struct Memtable {
  struct Log {
    // By last offset; nullopt: there is none of that name any more.
    std::map<std::int64_t, std::optional<JournaledBatch>> batches;
    std::int64_t trimmed_to = 0;
    bool deleted = false;
    // As it was when the file ended; nullopt: it was deleted.
    std::optional<LogRecord> record;
  };

  explicit Memtable(std::shared_ptr<JournalFile> file) : file(std::move(file)) {}

  // Takes in one batch, or that there is none.
  void Set(LogId log, std::int64_t last_offset, std::optional<JournaledBatch> batch) {
    logs[log].batches.insert_or_assign(last_offset, batch);
    ++batch_count;
  }
  std::uint64_t memory_bytes() const {
    return batch_count * (sizeof(std::optional<JournaledBatch>) + kNodeBytes) + state_bytes;
  }

  // What a tree takes for an entry beside its value.
  static constexpr std::uint64_t kNodeBytes = 48;

  const std::shared_ptr<JournalFile> file;
  std::map<LogId, Log> logs;  // those that it changes
  std::map<std::string, std::optional<std::string>, std::less<>> state;
  std::size_t batch_count = 0;  // that were ever set
  std::uint64_t state_bytes = 0;
  // As they were when the file ended.
  LogId next_log = 0;
  std::uint64_t next_sequence = 0;
};

// One batch, or the lack of one, of a log: what a reader has of the memtables. The file stays open
// with it.
struct MemtableEntry {
  std::int64_t last_offset = 0;
  std::optional<JournaledBatch> batch;
  std::shared_ptr<JournalFile> file;
};

// What several memtables together know of a log's batches.
struct MemtableView {
  std::vector<MemtableEntry> entries;  // by offset
  // Behind this offset there may be more that is not in `entries`.
  std::int64_t complete_to = INT64_MAX;
};

// From the batch that ends at `offset` or behind it on, at most `max_entries`. `newest_first`: the
// order counts.
MemtableView ViewLog(const std::vector<std::shared_ptr<const Memtable>>& newest_first, LogId log,
                     std::int64_t offset, std::size_t max_entries);

// The keys that begin with `prefix`.
std::map<std::string, std::optional<std::string>> ViewState(
    const std::vector<std::shared_ptr<const Memtable>>& newest_first, std::string_view prefix);

}  // namespace wherry::storage
