#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "storage/disk_log_store.h"
#include "storage/journal_file.h"
#include "storage/log_cursor.h"
#include "storage/memtable.h"
#include "storage/rocksdb_sealed.h"

namespace wherry::storage {

// A LogStore whose every change is a record in a journal. What the files of the journal hold is
// found by a Memtable each; when one is full it is sealed in the background, and the next one has
// been begun.
//
//   Commit -> journal file 7 + its memtable    (the active one)
//             journal file 6 + its memtable -> SealedLogs, file 6 deleted, or kept for its batches
//
// Threads: as LogStore says: changes take turns, reads go beside them. Owned by its opener.
class JournaledLogStore final : public DiskLogStore {
 public:
  JournaledLogStore(std::unique_ptr<SealedLogs> sealed, std::string journal_folder,
                    const JournalLimits& limits);
  ~JournaledLogStore() override;

  // Reads the journal's files that are not sealed.
  absl::Status Load();

  absl::Status Seal() override;
  bool durable() const override { return true; }
  absl::Status Commit(const CommitBatch& batch, Durability durability) override;
  absl::StatusOr<LogId> CreateLog(std::int64_t start_offset) override;
  absl::Status DeleteLog(LogId log) override;
  std::vector<LogId> Logs() const override;
  absl::StatusOr<LogBounds> Bounds(LogId log) const override;
  absl::StatusOr<std::vector<Batch>> Read(LogId log, std::int64_t offset,
                                          const ReadLimits& limits) const override;
  absl::StatusOr<std::optional<Batch>> FindByTimestamp(LogId log,
                                                       std::int64_t timestamp) const override;
  absl::StatusOr<std::optional<Batch>> FindMaxTimestamp(LogId log) const override;
  absl::Status TrimPrefix(LogId log, std::int64_t offset) override;
  absl::Status EraseBatch(LogId log, std::int64_t base_offset) override;
  absl::Status ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) override;
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override;
  absl::Status Scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;
  absl::Status Sync() override;
  std::uint64_t memory_bytes() const override;

 private:
  struct Log {
    LogRecord record;
    std::int64_t sealed_end = 0;  // no sealed batch ends there or behind
  };
  // Takes the changes of a record into memory; under mutex_.
  struct Applier;

  // Changes: under write_mutex_.
  absl::Status Check(const CommitBatch& batch) const;
  absl::Status Write(const journal::Frames& frames, const std::vector<Bytes>& batches,
                     Durability durability);
  void Apply(Memtable& memtable, const journal::Frames& frames, std::uint64_t position);
  absl::Status WaitForRoom(std::unique_lock<std::mutex>& writing);
  bool IsFull() const;
  // The batch with this base offset, without its bytes, and how many they are.
  absl::StatusOr<std::pair<Batch, std::uint64_t>> FindBatch(LogId log,
                                                            std::int64_t base_offset) const;

  // Sealing, in the background.
  void ScheduleSeal();
  void RunSeals();
  absl::StatusOr<std::shared_ptr<const Memtable>> NextToSeal();
  absl::Status SealOne(const Memtable& memtable);
  void Finish(Memtable& memtable) const;

  std::vector<std::shared_ptr<const Memtable>> NewestFirst() const;  // under mutex_
  LogCursor Cursor(LogId log) const;

  const std::unique_ptr<SealedLogs> sealed_;
  const std::string journal_folder_;
  const JournalLimits limits_;

  std::mutex write_mutex_;  // one change at a time; guards what follows
  std::uint64_t next_sequence_ = 1;
  LogId next_log_ = 1;
  // The file before the active one, while it may not be on the disk.
  std::shared_ptr<JournalFile> unsynced_;
  bool seal_scheduled_ = false;
  bool seal_wanted_ = false;  // before the active file is full
  std::uint64_t seal_again_at_ = 0;  // size of the active file, after a failure
  absl::Status last_seal_;
  std::condition_variable seal_ended_;
  std::atomic<bool> stopping_ = false;

  mutable std::shared_mutex mutex_;  // guards what follows; taken behind write_mutex_
  std::map<LogId, Log> logs_;
  std::vector<std::shared_ptr<Memtable>> memtables_;  // the active one is the last
  std::uint64_t freed_bytes_ = 0;  // that sealing would free
};

}  // namespace wherry::storage
