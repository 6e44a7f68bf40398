#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/clock.h"
#include "broker/runtime/random.h"
#include "broker/runtime/shard.h"

namespace wherry::core {

// Where operations wait until a test lets them go on: they arrive on their shards, the test waits
// for them and releases them from its own thread.
// Threads: any. Shared by the rule that leads to it and by the test.
class HoldPoint {
 public:
  using Resume = absl::AnyInvocable<void()>;

  // Somebody arrives, and `resume` will run as a later task on `shard` once it is released (at once
  // if that has happened).
  void Park(runtime::Shard& shard, Resume resume);
  // Lets all go on who wait, and all who come later pass.
  void Release();
  // The shards are about to end: who waits is forgotten, and nobody will arrive.
  void Close();
  // Until `count` have arrived in all; false if they do not in time, or it was closed first.
  bool Wait(std::chrono::milliseconds limit, int count);
  int arrived() const;
  bool closed() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<runtime::Shard*, Resume>> parked_;
  int arrived_ = 0;
  bool released_ = false;
  bool closed_ = false;
};

enum class FaultAction : std::uint8_t {
  kNone,
  kFail,        // answered with an error of the protocol
  kDelay,       // later
  kHang,        // never, nor anything behind it on the connection
  kDrop,        // never, but what comes behind it goes on
  kReset,       // the connection ends, with a reset
  kClose,       // the connection ends, in order
  kSlice,       // from here on the connection sends at most so many bytes at a time
  kBandwidth,   // from here on it carries at most so many bytes a second each way
  kCloseAfter,  // it ends when so many more bytes have been sent
  kHold,        // waits at a HoldPoint
};

// What befalls an operation.
struct FaultStrike {
  FaultAction action = FaultAction::kNone;
  // It is carried out first, and only its answer is struck.
  bool after_apply = false;
  std::string error;            // kFail
  runtime::Duration delay{0};   // kDelay
  std::uint64_t bytes = 0;      // kSlice, kBandwidth, kCloseAfter
  std::shared_ptr<HoldPoint> hold;  // kHold

  explicit operator bool() const { return action != FaultAction::kNone; }
  // The operation itself goes on.
  bool impairs_connection() const {
    return action == FaultAction::kSlice || action == FaultAction::kBandwidth ||
           action == FaultAction::kCloseAfter;
  }
  // By which of them, as net::Impairment says it.
  std::uint64_t slice() const { return action == FaultAction::kSlice ? bytes : 0; }
  std::uint64_t bandwidth() const { return action == FaultAction::kBandwidth ? bytes : 0; }
  std::optional<std::uint64_t> close_after() const {
    return action == FaultAction::kCloseAfter ? std::optional(bytes) : std::nullopt;
  }
};

// One fault that a test has asked for: which operations, when, and what. An empty name, and 0 for a
// connection, stand for any.
struct FaultRule {
  std::string operation;  // "kafka.Produce", or "kafka.*"
  std::string topic;
  std::string group;
  std::string subject;  // a pattern, as in a subscription
  std::string client;
  std::uint64_t connection = 0;

  std::uint64_t skip = 0;   // so many that match pass first
  std::uint64_t times = 0;  // and so many are struck; 0: all
  double probability = 1;   // that one is struck whose turn it is
  std::uint64_t seed = 0;

  FaultStrike strike;
  std::string text;  // the rule as people read it
};

// An operation that is about to happen, as far as rules ask. Views.
struct FaultPoint {
  std::string_view operation;
  std::string_view client;  // what it calls itself
  std::string_view user;    // and how it has logged in
  std::uint64_t connection = 0;
  std::span<const std::string> topics;
  std::span<const std::string> groups;
  std::string_view subject;
};

// The faults of one namespace: every operation of its clients asks here, if there are any rules.
//
// Rules are asked in the order in which they were added; the first that strikes decides, and those
// behind it do not hear of the operation.
//
// Example: a rule with skip 1 and times 2 lets the first operation that it matches pass, strikes
// the second and the third, and none from then on.
//
// Threads: any. Owned by the composition root; outlives the sessions that ask it.
class FaultPlan {
 public:
  FaultPlan() = default;
  ~FaultPlan() { Close(); }
  FaultPlan(const FaultPlan&) = delete;
  FaultPlan& operator=(const FaultPlan&) = delete;

  // No rule can strike any more: what operations ask first.
  bool empty() const { return live_.load(std::memory_order_relaxed) == 0; }

  std::uint64_t Add(FaultRule rule);
  // False: there is none of that id.
  bool Remove(std::uint64_t id);
  void Clear();

  struct Listed {
    std::uint64_t id = 0;
    std::string text;
    std::uint64_t matched = 0;
    std::uint64_t fired = 0;
  };
  std::vector<Listed> List() const;

  // What befalls this operation.
  FaultStrike Take(const FaultPoint& point);
  // For a new connection: how it falls short, up to the first strike of another kind.
  std::vector<FaultStrike> TakeAll(const FaultPoint& point);

  // The shards are about to end: nobody who is held waits any more.
  void Close();

 private:
  struct Entry {
    std::uint64_t id;
    FaultRule rule;
    runtime::Random random;
    std::uint64_t matched = 0;
    std::uint64_t fired = 0;

    bool spent() const { return rule.times != 0 && fired >= rule.times; }
    bool Strikes(const FaultPoint& point);
  };
  void CountLive();

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::uint64_t next_id_ = 1;
  std::vector<std::weak_ptr<HoldPoint>> holds_;  // of all rules there ever were
  std::atomic<int> live_{0};
};

// Whether `subject` is one that `pattern` stands for, or the same pattern.
// Example: "a.*.>" matches "a.b.c" and "a.*.>", but not "a.b".
bool SubjectIsWithin(std::string_view pattern, std::string_view subject);

}  // namespace wherry::core
