#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "broker/embed/all_shards.h"
#include "broker/embed/shard_link.h"

namespace wherry::embed {

struct Waiter;

// Those who wait for something in the broker to become so: each is looked at again when a turn of
// any shard has ended, and costs nothing while there are none.
// Threads: Await and Wait on any but a shard's, OnStop on the home shard. Owned by the composition
// root; shared with those who wait, since they may find it stopped.
class Waiters final : public runtime::TurnWatcher {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Outcome { kHolds, kTooLate, kStopped };

  // `shards`, of which the first is the home, outlive it.
  Waiters(std::vector<runtime::Shard*> shards, std::shared_ptr<ShardLink> link);

  // Waits until `holds`, called on the home shard, is true; it must not write to connections.
  Outcome Await(std::function<bool()> holds, Time deadline);

  // For who must look at several shards, one after the other: make it, look, wait, look again.
  // What it looks at with HideTurn is not taken for a change.
  class Change {
   public:
    explicit Change(Waiters& waiters);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    // Returns kHolds when something may have changed since it was made, or since the last call.
    Outcome Wait(Time deadline);

   private:
    friend class Waiters;
    Waiters& waiters_;
    const std::shared_ptr<Waiter> waiter_;
  };

  void OnTurn(runtime::Shard& shard) override;
  // Everybody's wait ends.
  void OnStop();

 private:
  runtime::Shard& home() const { return *shards_.front(); }
  void Add(std::shared_ptr<Waiter> waiter);
  void Remove(const Waiter& waiter);
  void Look();
  void Watch(bool on);

  const std::vector<runtime::Shard*> shards_;
  const std::shared_ptr<ShardLink> link_;
  // On the home shard.
  std::vector<std::shared_ptr<Waiter>> waiters_;
  bool stopped_ = false;
  // Another shard's turn has ended and home does not know it yet.
  std::atomic<bool> told_{false};
};

}  // namespace wherry::embed
