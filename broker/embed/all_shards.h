#pragma once

#include <atomic>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "broker/embed/shard_link.h"
#include "broker/runtime/shard.h"

namespace wherry::embed {

// Every shard of a running broker, for those who must ask all of them, until it stops.
// Threads: any but a shard's, which would wait for itself. Shared by the broker and who asks.
class AllShards {
 public:
  explicit AllShards(std::vector<runtime::Shard*> shards) : shards_(std::move(shards)) {}

  // Runs `step(shard)` on each, one after the other, and waits for it. False: the broker stopped.
  template <typename Step>
  bool OnEach(Step&& step) {
    const std::shared_lock<std::shared_mutex> running(mutex_);
    if (ended_) return false;
    for (runtime::Shard* const shard : shards_) {
      RunAndWait(*shard, [&] { step(*shard); });
    }
    return true;
  }
  // Waits for what is under way; from then on the shards may stop.
  void End() {
    ended_ = true;
    const std::unique_lock<std::shared_mutex> alone(mutex_);
  }
  bool ended() const { return ended_; }

 private:
  const std::vector<runtime::Shard*> shards_;
  std::shared_mutex mutex_;
  std::atomic<bool> ended_{false};
};

}  // namespace wherry::embed
