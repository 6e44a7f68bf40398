#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wherry/export.h"
#include "wherry/status.h"

namespace wherry {

namespace embed {
struct NamespaceState;
}

// What a Fault does; the functions of the same names in Fault say what each means.
enum class FaultAction {
  kNone,
  kFail,
  kDelay,
  kHang,
  kDrop,
  kReset,
  kClose,
  kSlice,
  kBandwidth,
  kCloseAfter,
  kHold,
};

// Something that is to go wrong: which operations, when, and what. A value, written as a sentence:
//
//   Fault::On("kafka.Produce").Topic("orders").Times(2).Fail("NOT_LEADER_OR_FOLLOWER")
//   Fault::On("kafka.Produce").Times(1).AfterApply().Drop()   // kept, and the reply is lost
//   Fault::On("nats.MSG").Subject("orders.>").Skip(2).Reset() // at the third delivery
//
// Operations are "kafka." and the name of an API ("kafka.Produce", "kafka.JoinGroup"), "kafka.*"
// for all of them; "nats.CONNECT", "nats.PUB" (HPUB too), "nats.SUB", "nats.UNSUB", "nats.PING",
// "nats.PONG", "nats.MSG" (a message on its way to a subscriber), "nats.*"; and "kafka.connection"
// and "nats.connection", which are met when a connection is accepted.
//
// Only clients with a connection meet faults; Nats and Kafka, without a socket, do not.
struct WHERRY_EXPORT Fault {
  // Any operation of that name.
  static Fault On(std::string_view operation) {
    Fault fault;
    fault.operation = operation;
    return fault;
  }

  // Which. Only requests that name this topic or group; one of several then befalls all of the
  // request.
  Fault& Topic(std::string_view name) { return Set(topic, name); }
  Fault& Group(std::string_view id) { return Set(group, id); }
  // Only messages and subscriptions on this subject, which may hold `*` and a last `>`.
  Fault& Subject(std::string_view pattern) { return Set(subject, pattern); }
  // Only clients that call themselves so: Kafka's client.id, the name or the user in NATS' CONNECT.
  Fault& Client(std::string_view name) { return Set(client, name); }
  // Only the connection with this id, as ConnectionInfo gives it.
  Fault& Connection(std::uint64_t id) { return Set(connection, id); }

  // When. The first `count` that match pass.
  Fault& Skip(std::int64_t count) { return Set(skip, count); }
  // So many are struck, then none; not called: all until the fault is removed.
  Fault& Times(std::int64_t count) { return Set(times, count); }
  // Each that matches is struck with this probability (0 to 1), by a generator with this seed: the
  // same seed strikes the same ones.
  Fault& Probability(double chance, std::uint64_t generator_seed) {
    probability = chance;
    return Set(seed, generator_seed);
  }

  // The operation is carried out first, and what happens happens to its answer.
  Fault& AfterApply() { return Set(after_apply, true); }

  // What; one of these. Answers with an error: Kafka's name of one ("NOT_LEADER_OR_FOLLOWER"),
  // which is put where that API's responses have theirs; for NATS the text of an -ERR.
  Fault& Fail(std::string_view error_name) {
    error = error_name;
    return Act(FaultAction::kFail);
  }
  // Handles it so much later (by the broker's clock); what comes behind it on the connection waits.
  Fault& Delay(std::chrono::nanoseconds time) {
    delay = time;
    return Act(FaultAction::kDelay);
  }
  // Never handles it, nor anything behind it; the connection stays open.
  Fault& Hang() { return Act(FaultAction::kHang); }
  // Never handles or answers it; what comes behind it goes on.
  Fault& Drop() { return Act(FaultAction::kDrop); }
  // Ends the connection with a reset, or in order.
  Fault& Reset() { return Act(FaultAction::kReset); }
  Fault& Close() { return Act(FaultAction::kClose); }
  // From here on the connection sends at most so many bytes at a time.
  Fault& Slice(std::uint64_t piece) {
    bytes = piece;
    return Act(FaultAction::kSlice);
  }
  // From here on it carries at most so many bytes a second, each way.
  Fault& Bandwidth(std::uint64_t per_second) {
    bytes = per_second;
    return Act(FaultAction::kBandwidth);
  }
  // It ends when the broker has sent so many bytes more.
  Fault& CloseAfter(std::uint64_t sent) {
    bytes = sent;
    return Act(FaultAction::kCloseAfter);
  }

  // The sentence, for people: "kafka.Produce topic=orders times=2 fail=NOT_LEADER_OR_FOLLOWER".
  std::string ToString() const;

  // What the functions above set. An empty name, and 0 for a connection, stand for any; 0 times for
  // always.
  std::string operation;
  std::string topic;
  std::string group;
  std::string subject;
  std::string client;
  std::uint64_t connection = 0;
  std::int64_t skip = 0;
  std::int64_t times = 0;
  double probability = 1;
  std::uint64_t seed = 0;
  bool after_apply = false;
  FaultAction action = FaultAction::kNone;
  std::string error;
  std::chrono::nanoseconds delay{0};
  std::uint64_t bytes = 0;
  int actions = 0;  // how many were named; more than one is refused

 private:
  template <typename T, typename V>
  Fault& Set(T& field, const V& value) {
    field = value;
    return *this;
  }
  Fault& Act(FaultAction what) {
    action = what;
    ++actions;
    return *this;
  }
};

// Names one fault among those of a namespace; never used again.
using FaultId = std::uint64_t;

// A fault that was added, and what it has done.
struct FaultInfo {
  FaultId id = 0;
  std::string text;           // as Fault::ToString
  std::uint64_t matched = 0;  // operations it was asked about that matched
  std::uint64_t fired = 0;    // those it struck
};

// What the broker's disk suffers from; in memory, what keeps its data there.
//
//   broker.faults().Storage(StorageFault::DiskFull(1));
struct StorageFault {
  // What is wrong.
  enum class Kind { kNone, kDiskFull, kSlow };

  // Nothing any more.
  static StorageFault None() { return {}; }
  // The next `commits` find no space and keep nothing; -1: all. Kafka's producers hear
  // KAFKA_STORAGE_ERROR; what was acknowledged before stays.
  static StorageFault DiskFull(int commits = -1) { return {Kind::kDiskFull, commits, {}}; }
  // Each commit takes so long at least, in real time.
  static StorageFault Slow(std::chrono::nanoseconds each) { return {Kind::kSlow, -1, each}; }

  Kind kind = Kind::kNone;
  int count = -1;
  std::chrono::nanoseconds each{0};
};

// Operations that wait at a place until they are released: Faults::Hold. Those behind them on their
// connections wait too. Released by its destructor.
// Threads: any one at a time, not a callback of the broker. Owned by the caller; may outlive the
// broker.
class WHERRY_EXPORT Hold {
 public:
  Hold(Hold&&) noexcept;
  Hold& operator=(Hold&&) noexcept;
  ~Hold();

  // Waits until `count` operations have arrived in all, at most `limit` of real time.
  // kDeadlineExceeded: the message says how many have; kUnavailable: the broker has stopped.
  Status Wait(std::chrono::milliseconds limit = std::chrono::seconds(5), int count = 1);
  // Lets them go on, in the order in which they arrived; later ones pass. Idempotent.
  void Release();

 private:
  friend class Faults;
  struct State;
  explicit Hold(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// The faults of one namespace. They are asked in the order in which they were added; the first that
// strikes an operation decides what happens to it, and those behind do not hear of it. A new
// connection may fall short in several ways (Slice, Bandwidth, CloseAfter).
//
//   broker.faults().Add(Fault::On("kafka.Produce").Times(1).AfterApply().Drop()).value();
//
// Threads: every function from any thread. Owned by the Broker or Namespace.
class WHERRY_EXPORT Faults {
 public:
  // In force when it returns. kInvalidArgument: an operation or an error that there is not, a scope
  // or an action that the operation cannot have; the message says what it can.
  StatusOr<FaultId> Add(const Fault& fault);
  // What it has struck stays struck: a request that hangs is not taken up again. kNotFound.
  Status Remove(FaultId id);
  // Removes all.
  void Clear();
  // In the order in which they were added, those that are used up too.
  std::vector<FaultInfo> List() const;

  // Of the whole broker, whichever namespace it is said to; a full disk may be slow too.
  // kInvalidArgument: no commits, or no time.
  Status Storage(const StorageFault& fault);

  // Operations that match `point` wait until the Hold is released. `point` says which and when, and
  // AfterApply to hold the answers of operations that have been carried out, but no action.
  // kInvalidArgument: as Add.
  StatusOr<wherry::Hold> Hold(const Fault& point);

 private:
  friend struct embed::NamespaceState;
  struct State;
  explicit Faults(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wherry
