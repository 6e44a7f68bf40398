#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "storage/forwarding_log_store.h"
#include "storage/memory_log_store.h"

namespace wherry::storage {

// A disk in memory that fails as a test tells it: full, or losing power. It says that it is
// durable, so that the broker treats it as a disk, and keeps apart what has been synced.
//
// LosePower leaves what the latest synced commit (or Sync) made durable and, of the commits behind
// it, the first `survivors`: a power loss keeps a prefix of what the kernel had, and no commit in
// halves. As a kernel does, it writes back by itself what has not been synced for long: of more
// than kMaxUnsynced changes the older half is on the disk. So it costs little more memory than its
// data, whose bytes both copies share.
//
// Threads: as a MemoryLogStore; LosePower alone. Owned by the test, or by the composition root.
class FaultLogStore final : public ForwardingLogStore {
 public:
  static constexpr std::size_t kMaxUnsynced = 16 * 1024;

  FaultLogStore();

  bool durable() const override { return true; }
  absl::Status Commit(const CommitBatch& batch, Durability durability) override;
  absl::StatusOr<LogId> CreateLog(std::int64_t start_offset) override;
  absl::Status DeleteLog(LogId log) override;
  absl::Status TrimPrefix(LogId log, std::int64_t offset) override;
  absl::Status EraseBatch(LogId log, std::int64_t base_offset) override;
  absl::Status ReplaceBatch(LogId log, std::int64_t base_offset, Batch replacement) override;
  absl::StatusOr<std::vector<Batch>> Read(LogId log, std::int64_t offset,
                                          const ReadLimits& limits) const override;
  absl::Status Sync() override;

  // The next `count` commits fail with `status` and change nothing; negative: all, until told
  // otherwise.
  void FailCommits(int count, absl::Status status);
  // The same for Read.
  void FailReads(int count, absl::Status status);
  void LosePower(std::size_t survivors = 0);

 private:
  struct Fault {
    int count = 0;
    absl::Status status;
    absl::Status Take();
  };
  // Applies `change` to the store now, and to what is on the disk when it is synced.
  using Change = std::function<absl::Status(LogStore&)>;
  absl::Status Apply(Change change, bool synced);
  void Remember(Change change);
  // The first `count` changes that have not been synced reach the disk.
  void WriteBack(std::size_t count);

  mutable std::mutex mutex_;
  Fault commit_fault_;
  mutable Fault read_fault_;
  std::unique_ptr<MemoryLogStore> disk_ = std::make_unique<MemoryLogStore>();  // what is synced
  std::deque<Change> unsynced_;  // and what has been changed since, in order
};

}  // namespace wherry::storage
