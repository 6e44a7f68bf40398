#pragma once

#include <atomic>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "broker/runtime/clock.h"

namespace wherry::core {

// What a test has the broker's disk suffer from, whichever store it is: commits that fail or take
// long. A commit asks here first, which costs one test where nothing is wrong.
// Threads: any. Shared by the commit queue and whoever sets it; outlives a crash of the broker.
class StorageFaults {
 public:
  // The next `count` commits fail with `status` and change nothing; negative: all.
  void FailCommits(int count, absl::Status status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    count_ = count;
    status_ = std::move(status);
    failing_.store(count != 0, std::memory_order_relaxed);
  }
  // Each commit takes so long at least; 0: as long as it takes.
  void Slow(runtime::Duration each) { delay_.store(each.count(), std::memory_order_relaxed); }

  // What the commit that asks fails with.
  absl::Status TakeFailure() {
    if (!failing_.load(std::memory_order_relaxed)) return absl::OkStatus();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (count_ == 0) return absl::OkStatus();
    if (count_ > 0 && --count_ == 0) failing_.store(false, std::memory_order_relaxed);
    return status_;
  }
  runtime::Duration delay() const {
    return runtime::Duration(delay_.load(std::memory_order_relaxed));
  }

 private:
  std::mutex mutex_;
  int count_ = 0;
  absl::Status status_;
  std::atomic<bool> failing_{false};
  std::atomic<runtime::Duration::rep> delay_{0};
};

}  // namespace wherry::core
