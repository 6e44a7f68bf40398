#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "broker/embed/all_shards.h"
#include "broker/runtime/virtual_clock.h"
#include "wherry/clock.h"

namespace wherry {

// What Clock shares with the broker, which gives it the shards whose timers go by it.
// Threads: any, but a shard's: the calls wait for those.
class Clock::State {
 public:
  explicit State(ClockMode mode);

  runtime::Clock& clock() const { return *clock_; }

  // From now on the timers of `shards`, which go by clock(), are asked for; null: there are none.
  void Use(std::shared_ptr<embed::AllShards> shards);

  StatusOr<std::vector<TimerInfo>> Advance(std::chrono::nanoseconds by,
                                           const AdvanceOptions& options);
  StatusOr<std::vector<TimerInfo>> AdvanceToNext(const AdvanceOptions& options);
  std::vector<TimerInfo> Pending();

 private:
  // All of these with mutex_ held.
  Status MayAdvance() const;
  bool stopped() const { return shards_ == nullptr || shards_->ended(); }
  StatusOr<std::vector<TimerInfo>> AdvanceBy(runtime::Duration by, bool liveness);
  StatusOr<std::vector<TimerInfo>> StepThrough(runtime::Duration by, bool liveness);
  std::optional<runtime::Duration> UntilNext(bool liveness) const;
  std::vector<TimerInfo> RunDue(runtime::Duration since_begin) const;

  const std::unique_ptr<runtime::Clock> clock_;
  runtime::VirtualClock* const virtual_;  // clock_, if it is one
  std::mutex mutex_;                      // one call after the other
  std::shared_ptr<embed::AllShards> shards_;
};

}  // namespace wherry
