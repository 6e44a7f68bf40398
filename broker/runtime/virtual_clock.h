#pragma once

#include <atomic>

#include "broker/runtime/clock.h"

namespace wherry::runtime {

// A clock that stands still until somebody advances it, and what it is to those who live in real
// time beside it: clients, who beat their hearts and lose their patience by the machine's clock. A
// timer goes by one of its lines:
//
//   line        moves by                                 timers
//   kAdvanced   Advance alone                            kDelivery, kRetention, kTransaction
//   kPatience   real time and EndPatience                kPatience
//   kGone       real time and Advance                    kLiveness of peers that have gone
//   kLiveness   real time, and Advance if it is told to  kLiveness
//
// Patience ends in one leap, before an advance goes from deadline to deadline: a client whose long
// poll ends asks again at once, in real time, and would else be answered thousands of times.
//
// Example: at 12:00:00 a group member's session of 45 s, a fetch of 500 ms and a transaction of
// 60 s begin. 200 ms later somebody advances by 31 min: the fetch and the transaction end, the
// session has 44.8 s left, and Now() is 12:31:00.
//
// Threads: any; whoever moves it must tell the shards (Timers::RunDue). Owned by the composition
// root.
class VirtualClock final : public Clock {
 public:
  enum class Line : std::uint8_t { kAdvanced, kPatience, kGone, kLiveness };
  static constexpr int kLines = 4;

  VirtualClock() : start_(real_.Now()), start_unix_millis_(real_.UnixMillis()) {}

  Instant Now() const override { return Now(Line::kAdvanced); }
  std::int64_t UnixMillis() const override {
    return start_unix_millis_ +
           std::chrono::duration_cast<std::chrono::milliseconds>(advanced()).count();
  }
  Instant RealNow() const override { return real_.Now(); }
  const VirtualClock* as_virtual() const override { return this; }

  Instant Now(Line line) const {
    return (line == Line::kAdvanced ? start_ : real_.Now()) + Ahead(line);
  }
  // By how much a line has been moved.
  Duration Ahead(Line line) const {
    switch (line) {
      case Line::kPatience:
        return Duration(patience_.load());
      case Line::kLiveness:
        return Duration(liveness_.load());
      case Line::kAdvanced:
      case Line::kGone:
        break;
    }
    return advanced();
  }
  // By all calls of Advance together.
  Duration advanced() const { return Duration(advanced_.load()); }

  // `liveness`: for the timers of connected peers too.
  void Advance(Duration by, bool liveness) {
    advanced_ += by.count();
    if (liveness) liveness_ += by.count();
  }
  void EndPatience(Duration by) { patience_ += by.count(); }

 private:
  const RealClock real_;
  const Instant start_;
  const std::int64_t start_unix_millis_;
  std::atomic<Duration::rep> advanced_{0};
  std::atomic<Duration::rep> patience_{0};
  std::atomic<Duration::rep> liveness_{0};
};

}  // namespace wherry::runtime
