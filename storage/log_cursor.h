#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/memtable.h"
#include "storage/rocksdb_sealed.h"

namespace wherry::storage {

// What a store has of one log from some offset on, as of one moment.
struct LogSnapshot {
  MemtableView unsealed;
  // nullptr: nothing that is sealed ends there or behind. May have, by the same names, what
  // `unsealed` has.
  std::unique_ptr<SealedBatches> sealed;
};

// Walks the batches of one log, wherever they lie; of those of one name the newest counts.
// Threads: one at a time. What takes the snapshots must outlive it.
class LogCursor {
 public:
  using TakeSnapshot = std::function<LogSnapshot(std::int64_t offset)>;
  LogCursor(const SealedLogs& sealed, LogId log, TakeSnapshot take)
      : sealed_(sealed), log_(log), take_(std::move(take)) {}

  // To the first batch that ends at `offset` or behind it.
  void Seek(std::int64_t offset);
  bool Valid() const { return current_.has_value(); }
  void Next();

  // Of a valid one.
  std::int64_t base_offset() const { return current_->base_offset; }
  std::int64_t last_offset() const { return current_->last_offset; }
  std::int64_t max_timestamp() const { return current_->max_timestamp; }
  std::size_t size() const { return current_->size; }
  // Checked. kDataLoss: it does not match its checksum; the message names the file, if it lies in
  // one of the journal. kNotFound: it was taken away meanwhile.
  absl::StatusOr<Batch> Get();

  // Why it is not valid; ok: there are no more.
  const absl::Status& status() const { return status_; }

 private:
  struct Current {
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    std::int64_t max_timestamp = -1;
    std::uint32_t crc = 0;
    std::size_t size = 0;
    // Where the bytes are. Neither file nor place: with the sealed batch.
    std::shared_ptr<JournalFile> file;  // of a memtable
    std::uint64_t position = 0;         // in there
    std::optional<format::Place> place;
    std::string_view bytes;
    bool sealed = false;  // there is more behind it in what is sealed
  };

  void Take(std::int64_t offset);
  void Settle();
  void UseEntry(const MemtableEntry& entry);
  void UseSealed(const SealedBatch& batch);
  absl::StatusOr<std::string> ReadFrom(const std::shared_ptr<JournalFile>& file,
                                       std::uint64_t position);
  absl::StatusOr<std::string> ReadPlace();
  absl::Status Damaged(const std::string& where) const;

  const SealedLogs& sealed_;
  const LogId log_;
  const TakeSnapshot take_;
  LogSnapshot snapshot_;
  std::size_t next_entry_ = 0;
  std::optional<Current> current_;
  absl::Status status_;
  // For small batches, which lie close together.
  std::shared_ptr<JournalFile> window_file_;
  std::optional<JournalReader> window_;
};

}  // namespace wherry::storage
