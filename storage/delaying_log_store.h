#pragma once

#include <condition_variable>
#include <mutex>

#include "storage/forwarding_log_store.h"

namespace wherry::storage {

// A gate that calls pass through, or wait at while it is closed. Threads: any. Never closed by
// whoever passes it.
class Gate {
 public:
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // Lets one through that waits, or comes next, and stays closed.
  void LetOnePass() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++passes_;
    changed_.notify_all();
  }
  // Returns once somebody waits.
  void AwaitWaiting() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  void Pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (open_) return;
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ || passes_ > 0; });
    --waiting_;
    if (!open_) --passes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int passes_ = 0;
  int waiting_ = 0;
};

// A disk as slow as a test wants it: commits and reads wait at gates. Says that it is durable, so
// that the broker treats it as a disk.
// Threads: as the store it wraps. Owned by the test, or through the broker under test.
class DelayingLogStore final : public ForwardingLogStore {
 public:
  using ForwardingLogStore::ForwardingLogStore;

  bool durable() const override { return true; }
  absl::Status Commit(const CommitBatch& batch, Durability durability) override {
    commits_.Pass();
    return to().Commit(batch, durability);
  }
  absl::StatusOr<std::vector<Batch>> Read(LogId log, std::int64_t offset,
                                          const ReadLimits& limits) const override {
    reads_.Pass();
    return to().Read(log, offset, limits);
  }

  Gate& commits() { return commits_; }
  Gate& reads() { return reads_; }

 private:
  Gate commits_;
  mutable Gate reads_;
};

}  // namespace wherry::storage
