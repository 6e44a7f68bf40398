#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/export.h"
#include "wherry/status.h"

namespace wherry {

namespace embed {
class Engine;
}

// Which clock a broker lives by.
enum class ClockMode {
  kReal,  // the machine's
  // One that begins at the machine's time and then stands still until Clock::Advance moves it:
  // everything that the broker does or stamps by time, in every protocol. Clients are ordinary
  // ones, and live in real time.
  kVirtual,
};

// What a timer of the broker stands for, which decides what moves it under a virtual clock.
enum class TimerKind {
  // Whether a client is still there (NATS pings, sessions of Kafka's group members): runs in real
  // time, as the client's heartbeats do. Advance spares it, unless it is asked not to; a client
  // whose connection has gone beats no heart, and is not spared.
  kLiveness,
  // How long a client waits for an answer it asked for, or the broker for a client's bytes (long
  // polls, handshakes, deadlines of writing): runs in real time, and Advance counts for it too.
  kPatience,
  // The others only Advance moves:
  kDelivery,     // when something is to be delivered, or done step by step
  kRetention,    // when data ends
  kTransaction,  // when a transaction, or a rebalance of a Kafka group, ends
};

// "liveness" and so on. Threads: any.
WHERRY_EXPORT std::string_view TimerKindName(TimerKind kind);

// One timer of the broker. A value.
struct TimerInfo {
  TimerKind kind = TimerKind::kLiveness;
  std::string label;  // for people: "session of member m-1 of group g"
  // Of a timer that waits: from now until it fires, 0 if that is due. Of one that has fired: from
  // the beginning of the call until then.
  std::chrono::nanoseconds in{0};
};

// Whom an advance counts for.
struct AdvanceOptions {
  // Advance for connected clients too, as if they said nothing meanwhile: with enough time they are
  // declared dead.
  bool liveness = false;
};

// The broker's time, which a test may own:
//
//   Options options;
//   options.clock = ClockMode::kVirtual;
//   auto broker = Broker::Start(options).value();
//   broker.clock().Advance(std::chrono::minutes(31)).value();
//
// Threads: every function from any thread; Advance and AdvanceToNext not from a callback of the
// broker (kFailedPrecondition), since they wait for its threads. Owned by the Broker.
class WHERRY_EXPORT Clock {
 public:
  // What the broker stamps records and pages with.
  std::chrono::system_clock::time_point Now() const;

  // Moves a virtual clock by `by`: from deadline to deadline, over all threads and protocols in
  // their order, each with the time that it was armed for, and what it causes before the next.
  // Returns what fired, in that order; but for kPatience, since how often clients begin to wait
  // anew meanwhile is chance.
  // kInvalidArgument: negative, or above a hundred years in all; kFailedPrecondition: the clock is
  // the machine's; kResourceExhausted: a timer fires again and again without time passing;
  // kUnavailable: the broker stopped.
  StatusOr<std::vector<TimerInfo>> Advance(std::chrono::nanoseconds by,
                                           const AdvanceOptions& options = {});
  // Advances to the next timer that only Advance reaches in a test's time: every kind but
  // kPatience, and kLiveness only where Advance does not spare it. Returns what fired then.
  // kNotFound: no such timer waits; the others as Advance.
  StatusOr<std::vector<TimerInfo>> AdvanceToNext(const AdvanceOptions& options = {});

  // Every timer that waits, the next one first. Empty when the broker has stopped, and in a
  // callback of the broker.
  std::vector<TimerInfo> Pending() const;

 private:
  friend class embed::Engine;
  class State;
  explicit Clock(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wherry
