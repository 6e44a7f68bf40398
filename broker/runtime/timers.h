#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/clock.h"

namespace wherry::runtime {

// What a timer stands for. A test that moves the clock by half an hour wants messages to expire,
// not its own connected clients (who beat their hearts in real time) to be declared dead.
enum class TimerKind : std::uint8_t {
  kLiveness,     // is the peer still there: pings, sessions, idle connections
  kDelivery,     // when something is to be delivered or answered: long polls, redelivery, delays
  kRetention,    // when data ends: age limits, expiry, snapshots
  kTransaction,  // when a transaction or a rebalance ends
};

// The timers of one shard, in order of their deadlines, whatever drives them (an io_context, a
// test). Threads: the shard's own only. Owned by the shard.
class Timers {
 public:
  // `wake_at` is called when the earliest deadline changes (nullopt: there is none); who owns the
  // Timers must then call RunDue at that time.
  using WakeAt = std::function<void(std::optional<Instant>)>;

  Timers(const Clock& clock, WakeAt wake_at) : clock_(clock), wake_at_(std::move(wake_at)) {}
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // Runs every timer whose deadline has come, in order of deadline, then of arming. A timer armed
  // by a callback for a time already past runs in the next call.
  void RunDue();

  std::optional<Instant> next_deadline() const;
  std::size_t size() const { return armed_.size(); }
  const Clock& clock() const { return clock_; }

 private:
  friend class Timer;
  using Key = std::pair<Instant, std::uint64_t>;  // deadline, order of arming
  // What only an armed timer needs: most of a connection's are not armed most of the time.
  struct Armed {
    class Timer* timer;
    absl::AnyInvocable<void()> fire;
  };
  using ArmedByKey = std::map<Key, Armed>;

  ArmedByKey::iterator Insert(Instant deadline, Armed armed);
  // A wake-up that comes too early is harmless and cheaper than moving it at every Cancel.
  void Remove(ArmedByKey::iterator at) { armed_.erase(at); }
  void DeadlineChanged();

  const Clock& clock_;
  WakeAt wake_at_;
  ArmedByKey armed_;
  std::uint64_t next_sequence_ = 0;
  std::optional<Instant> announced_;
};

// One timer: armed at most once at a time, disarmed by its destructor.
// Threads: the shard's own only. Owned by whoever waits; must not outlive its Timers.
class Timer {
 public:
  // `label` must outlive the timer (a literal): it names the timer to people ("session of m-1").
  Timer(Timers& timers, TimerKind kind, std::string_view label)
      : timers_(timers), kind_(kind), label_(label) {}
  ~Timer() { Cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `fire` once, `delay` from now. Arming an armed timer replaces what it was armed for.
  void Arm(Duration delay, absl::AnyInvocable<void()> fire);
  void Cancel();
  bool armed() const { return armed_; }
  TimerKind kind() const { return kind_; }
  std::string_view label() const { return label_; }

 private:
  friend class Timers;
  Timers& timers_;
  TimerKind kind_;
  bool armed_ = false;
  std::string_view label_;
  Timers::ArmedByKey::iterator at_;  // if it is armed
};

}  // namespace wherry::runtime
