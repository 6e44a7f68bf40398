#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/clock.h"
#include "broker/runtime/virtual_clock.h"

namespace wherry::runtime {

// What a timer stands for. A test that moves the clock by half an hour wants messages to expire,
// not its own connected clients (who beat their hearts in real time) to be declared dead.
enum class TimerKind : std::uint8_t {
  kLiveness,     // is the peer still there: pings, sessions, idle connections
  kPatience,     // how long a peer waits for our answer, or we for its bytes: long polls, deadlines
  kDelivery,     // when something is to be delivered: redelivery, delays, what we do step by step
  kRetention,    // when data ends: age limits, expiry, snapshots
  kTransaction,  // when a transaction or a rebalance ends
};

// The timers of one shard, in order of their deadlines, whatever drives them (an io_context, a
// test). Threads: the shard's own only. Owned by the shard.
class Timers {
 public:
  // `wake_at` is called when the earliest deadline that real time reaches changes (nullopt: there
  // is none), by Clock::RealNow; who owns the Timers must then call RunDue at that time.
  using WakeAt = std::function<void(std::optional<Instant>)>;

  Timers(const Clock& clock, WakeAt wake_at)
      : clock_(clock), virtual_(clock.as_virtual()), wake_at_(std::move(wake_at)) {}
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // One that waits, or has fired, for people.
  struct Info {
    TimerKind kind = TimerKind::kLiveness;
    std::string label;
    Duration left{0};  // until its deadline; not above 0: it is due
  };

  // Runs every timer whose deadline has come, in order of deadline, then of arming. A timer armed
  // by a callback for a time already past runs in the next call. `fired`, if it is given, is told
  // of each before it runs.
  void RunDue(std::vector<Info>* fired = nullptr);

  std::optional<Instant> next_deadline() const;
  std::size_t size() const;
  const Clock& clock() const { return clock_; }

  // Every one that waits, in no promised order.
  std::vector<Info> Waiting() const;
  // How far a virtual clock must be advanced for the next timer to be due, whoever's patience ends
  // meanwhile; nullopt: there is none that an advance reaches. Not above 0: it is due.
  // `liveness`: as of VirtualClock::Advance.
  std::optional<Duration> UntilNext(bool liveness) const;

 private:
  friend class Timer;
  using Key = std::pair<Instant, std::uint64_t>;  // deadline, order of arming
  // What only an armed timer needs: most of a connection's are not armed most of the time.
  struct Armed {
    class Timer* timer;
    absl::AnyInvocable<void()> fire;
  };
  using ArmedByKey = std::map<Key, Armed>;
  // By VirtualClock::Line. Every other clock moves all timers alike: they are in the first.
  using Lines = std::array<ArmedByKey, VirtualClock::kLines>;

  std::size_t LineOf(const Timer& timer) const;
  Instant Now(std::size_t line) const {
    return virtual_ == nullptr ? clock_.Now()
                               : virtual_->Now(static_cast<VirtualClock::Line>(line));
  }
  std::size_t lines() const { return virtual_ == nullptr ? 1 : lines_.size(); }
  ArmedByKey::iterator Insert(Duration delay, Armed armed);
  // A wake-up that comes too early is harmless and cheaper than moving it at every Cancel.
  void Remove(const Timer& timer);
  void Move(Timer& timer, std::size_t from, std::size_t to);
  Timer* NextDue(const std::array<Instant, VirtualClock::kLines>& now,
                 std::uint64_t end_sequence) const;
  Info Describe(const Timer& timer) const;
  void DeadlineChanged();

  const Clock& clock_;
  const VirtualClock* const virtual_;  // clock_, if it is one
  WakeAt wake_at_;
  Lines lines_;
  std::uint64_t next_sequence_ = 0;
  std::optional<Instant> announced_;
};

// One timer: armed at most once at a time, disarmed by its destructor.
// Threads: the shard's own only. Owned by whoever waits; must not outlive its Timers.
class Timer {
 public:
  // `label` must outlive the timer, or the next Relabel: it names the timer to people ("session of
  // member m-1 of group g").
  Timer(Timers& timers, TimerKind kind, std::string_view label)
      : timers_(timers), kind_(kind), label_(label) {}
  ~Timer() { Cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls `fire` once, `delay` from now. Arming an armed timer replaces what it was armed for.
  void Arm(Duration delay, absl::AnyInvocable<void()> fire);
  void Cancel();
  void Relabel(std::string_view label) { label_ = label; }
  // Of kLiveness: whether the peer's connection has gone. A peer that nobody is connected to beats
  // no heart in real time, so a virtual clock's Advance counts for it.
  void SetPeerGone(bool gone);
  bool armed() const { return armed_; }
  TimerKind kind() const { return kind_; }
  std::string_view label() const { return label_; }

 private:
  friend class Timers;
  Timers& timers_;
  TimerKind kind_;
  bool armed_ = false;
  bool peer_gone_ = false;
  std::string_view label_;
  Timers::ArmedByKey::iterator at_;  // if it is armed
};

}  // namespace wherry::runtime
