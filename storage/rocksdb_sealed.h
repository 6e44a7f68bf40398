#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/memtable.h"
#include "storage/rocksdb_format.h"

namespace rocksdb {
class Iterator;
class Slice;
}  // namespace rocksdb

namespace wherry::storage {

struct RocksdbDatabase;

// One sealed batch.
struct SealedBatch {
  std::int64_t last_offset = 0;
  format::BatchValue value;
};

// Walks the sealed batches of one log. It sees what there was when it was made.
// Threads: one at a time. SealedLogs must outlive it.
class SealedBatches {
 public:
  SealedBatches(const RocksdbDatabase& database, LogId log);
  ~SealedBatches();
  SealedBatches(const SealedBatches&) = delete;
  SealedBatches& operator=(const SealedBatches&) = delete;

  // To the first batch that ends at `offset` or behind it.
  void Seek(std::int64_t offset);
  bool Valid() const;
  void Next();
  // Of a valid one; good until it moves. kDataLoss: key or value are damaged.
  absl::StatusOr<SealedBatch> Read() const;
  // Why it is not valid; ok: there are no more.
  absl::Status status() const;

 private:
  const LogId log_;
  const std::string end_;
  const std::unique_ptr<rocksdb::Slice> upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// What has been taken over from the journal into RocksDB's tables, where it is sorted by log and
// offset. Large batches stay where they are, in a file of the journal that is kept for them; their
// tables hold the place. RocksDB's own log and memory are not used: a file of the journal is sealed
// as a whole, by tables that join the others in one step, or it is not.
//
// Threads: Seal and Reclaim one at a time, beside any number of the others. Owned by the
// DiskLogStore.
class SealedLogs {
 public:
  // Opens or creates the tables in `directory`, and reads what is in them but batches. Errors: as
  // OpenDiskLogStore.
  static absl::StatusOr<std::unique_ptr<SealedLogs>> Open(const std::string& directory);
  ~SealedLogs();

  // As sealed.
  std::uint64_t through() const { return sealed_.through; }
  std::uint64_t next_sequence() const { return sealed_.next_sequence; }
  LogId next_log() const { return next_log_; }
  const std::map<LogId, LogRecord>& logs() const { return logs_; }
  bool Keeps(std::uint64_t journal) const { return kept_.contains(journal); }

  std::unique_ptr<SealedBatches> Batches(LogId log) const {
    return std::make_unique<SealedBatches>(*database_, log);
  }
  // A file of the journal that a batch lies in. kNotFound: it is not kept, or not any more: what
  // the batch's place was read from is too old.
  absl::StatusOr<std::shared_ptr<JournalFile>> Journal(std::uint64_t number) const;
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const;
  // In order, from `prefix` on, until `visit` returns false.
  absl::Status Scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const;

  // Takes over a file of the journal that is on the disk whole. Batches of at least
  // `min_kept_bytes` stay in it; it is deleted if there are none. `stop` set: gives up, with
  // kCancelled. After an error nothing has changed.
  absl::Status Seal(const Memtable& memtable, std::uint64_t min_kept_bytes,
                    const std::atomic<bool>& stop);
  // Deletes the kept files that no batch lies in any more, and copies out of one, if there is such
  // a one, the less than half of it that is left.
  absl::Status Reclaim(const std::atomic<bool>& stop);

  std::uint64_t memory_bytes() const;

 private:
  class Tables;

  explicit SealedLogs(std::unique_ptr<RocksdbDatabase> database);
  absl::Status Load();
  std::string JournalFolder() const;

  absl::Status SealBatches(const Memtable& memtable, std::uint64_t min_kept_bytes,
                           const std::atomic<bool>& stop, Tables& tables,
                           format::KeptJournal& kept) const;
  // The kept files that lose batches, which this one erases or replaces, as they are then.
  absl::StatusOr<std::map<std::uint64_t, format::KeptJournal>> WithoutErased(
      const Memtable& memtable) const;
  absl::Status CopyOut(std::uint64_t number, const format::KeptJournal& kept,
                       const std::atomic<bool>& stop, Tables& tables) const;
  std::uint64_t LiveBytes(const format::KeptJournal& kept) const;
  void Delete(std::uint64_t number);
  // Frees at once what whole tables hold of batches that are no more.
  void FreeTables(const Memtable& memtable);

  const std::unique_ptr<RocksdbDatabase> database_;
  format::Sealed sealed_{0, 1};
  LogId next_log_ = 1;
  std::map<LogId, LogRecord> logs_;
  std::map<std::uint64_t, format::KeptJournal> kept_;
  bool new_garbage_ = true;  // since the last Reclaim, or not known

  mutable std::mutex mutex_;  // guards what follows
  // Those of kept_; nullptr: nobody has asked for it.
  mutable std::map<std::uint64_t, std::shared_ptr<JournalFile>> files_;
};

}  // namespace wherry::storage
