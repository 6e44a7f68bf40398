#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "storage/log.h"

namespace wherry::core {

// The newest committed batches of one partition, as they were committed: consumers that keep up are
// served from here, and their sockets from the same bytes.
class Tail {
 public:
  std::deque<storage::Batch> batches;
};

// Bounds what all tails of a broker hold together; the batch that was committed first leaves first.
// Threads: the home shard of its partitions. Owned by the composition root.
class TailCache {
 public:
  static constexpr std::size_t kDefaultMaxBytes = 16 * 1024 * 1024;

  explicit TailCache(std::size_t max_bytes = kDefaultMaxBytes) : max_bytes_(max_bytes) {}

  void Add(const std::shared_ptr<Tail>& tail, storage::Batch batch) {
    const std::size_t size = batch.bytes->size();
    tail->batches.push_back(std::move(batch));
    order_.push_back({tail, size});
    bytes_ += size;
    while (bytes_ > max_bytes_) {
      bytes_ -= order_.front().size;
      // A tail that is gone, or was emptied, has nothing to give.
      const std::shared_ptr<Tail> oldest = order_.front().tail.lock();
      if (oldest != nullptr && !oldest->batches.empty()) oldest->batches.pop_front();
      order_.pop_front();
    }
  }

  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::weak_ptr<Tail> tail;
    std::size_t size;
  };

  const std::size_t max_bytes_;
  std::deque<Entry> order_;
  std::size_t bytes_ = 0;
};

}  // namespace wherry::core
