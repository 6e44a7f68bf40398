#pragma once

#include <chrono>
#include <cstdint>

namespace wherry::runtime {

using Duration = std::chrono::nanoseconds;

// A point on a clock that never goes back; only differences mean anything.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class VirtualClock;

// Where all time in the broker comes from. One clock per broker: timers, timestamps, deadlines.
// Threads: any. Owned by the composition root.
class Clock {
 public:
  virtual ~Clock() = default;
  // For timers and deadlines.
  virtual Instant Now() const = 0;
  // Milliseconds since the Unix epoch: for timestamps that a person or a client sees.
  virtual std::int64_t UnixMillis() const = 0;
  // The machine's time, whoever owns Now: for what is measured on peers, who live in it.
  virtual Instant RealNow() const { return Now(); }
  // nullptr: this is none.
  virtual const VirtualClock* as_virtual() const { return nullptr; }
};

// The machine's clocks.
class RealClock final : public Clock {
 public:
  Instant Now() const override { return std::chrono::steady_clock::now(); }
  std::int64_t UnixMillis() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace wherry::runtime
