#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/forwarding_log_store.h"

namespace wherry::storage {

// A disk that fails as a test tells it: full, or losing power. Keeps its data in memory and says
// that it is durable, so that the broker treats it as a disk.
//
// LosePower leaves what the latest synced commit (or Sync) made durable and, of the commits behind
// it, the first `survivors`: a power loss keeps a prefix of what the kernel had, and no commit in
// halves.
//
// Threads: as a MemoryLogStore; LosePower alone. Owned by the test, or through the broker under
// test.
class FaultLogStore final : public ForwardingLogStore {
 public:
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
  // Applies `change` to the store now and, after a power loss that it survived, again.
  using Change = std::function<absl::Status(LogStore&)>;
  absl::Status Apply(Change change, bool synced);

  mutable std::mutex mutex_;
  Fault commit_fault_;
  mutable Fault read_fault_;
  std::vector<Change> journal_;
  std::size_t synced_ = 0;  // how many changes of the journal are on the disk
};

}  // namespace wherry::storage
