#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/core/fault_plan.h"
#include "broker/core/namespace.h"
#include "broker/core/request_log.h"
#include "broker/core/subject_trie.h"
#include "broker/nats/subscription.h"

namespace wherry::nats {

// What the connections of one account may take together; negative: no limit.
struct AccountLimits {
  std::int64_t max_connections = -1;
  std::int64_t max_subscriptions = -1;
  std::int64_t max_payload = -1;  // bytes of one message
};

// The subjects of one Namespace: every subscription of every shard, and what has changed about them
// since a route was worked out.
//
// Routes are kept by each shard's Router. A literal SUB or UNSUB outdates the routes of its own
// subject (and of the few that share its slot), since request inboxes come and go all the time; a
// wildcard outdates all. A router sees that by comparing two numbers, without a lock; the trie it
// asks only when it has no route. Each shard has a lock of its own for that, and whoever changes
// the trie takes all of them: readers never wait for one another.
//
// A subscription is visible to every shard when Subscribe returns.
//
// Threads: any. Owned by the server, shared with pages of monitoring that show it.
class Account {
 public:
  // The default account, for everybody whose user names none.
  static constexpr std::string_view kGlobalName = "$G";

  // How clients come to be in it: by what the configuration says of their user, or only because
  // they connected to a listener of its own.
  enum class Entry : std::uint8_t { kByName, kByListener };

  Account(Entry entry, std::string name, AccountLimits limits, int shards);
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  Entry entry() const { return entry_; }
  const std::string& name() const { return name_; }
  const core::Namespace& name_space() const { return name_space_; }
  const AccountLimits& limits() const { return limits_; }

  void Subscribe(const SubscriptionPtr& subscription);
  // The subscription gets nothing that is published from here on.
  void Unsubscribe(Subscription& subscription);

  // Calls `visit(subscription)` for every one whose subject matches, and returns the versions that
  // hold for the answer. `shard` is the caller's.
  struct Versions {
    std::uint64_t wildcards = 0;
    std::uint32_t literals = 0;
    bool operator==(const Versions&) const = default;
  };
  template <typename Visit>
  Versions Match(int shard, std::string_view subject, std::size_t slot, Visit&& visit) const {
    const std::lock_guard<std::mutex> lock(locks_[static_cast<std::size_t>(shard)].mutex);
    trie_.Match(subject, visit);
    return CurrentVersions(slot);
  }
  // `slot` is SlotOf(subject).
  Versions CurrentVersions(std::size_t slot) const {
    return {wildcard_version_.load(std::memory_order_acquire),
            literal_versions_[slot].load(std::memory_order_acquire)};
  }
  static std::size_t SlotOf(std::string_view subject);

  // Calls `visit(subscription)` for every one there is, in no promised order. `shard` is the
  // caller's.
  template <typename Visit>
  void ForEachSubscription(int shard, Visit&& visit) const {
    const std::lock_guard<std::mutex> lock(locks_[static_cast<std::size_t>(shard)].mutex);
    trie_.ForEach(visit);
  }
  // Those that a message on `subject` would reach.
  template <typename Visit>
  void ForEachMatch(int shard, std::string_view subject, Visit&& visit) const {
    Match(shard, subject, SlotOf(subject), visit);
  }

  std::uint64_t insert_count() const { return insert_count_.load(std::memory_order_relaxed); }
  std::size_t subscription_count() const {
    return subscription_count_.load(std::memory_order_relaxed);
  }

  // Where operations are logged; null, as it begins: nowhere. Set before the first connection.
  void set_request_log(std::shared_ptr<core::RequestLog> log) { request_log_ = std::move(log); }
  core::RequestLog* request_log() const { return request_log_.get(); }

  // What a test wants to go wrong. Set before the first connection where it is another account's
  // too.
  void set_fault_plan(std::shared_ptr<core::FaultPlan> plan) { fault_plan_ = std::move(plan); }
  const std::shared_ptr<core::FaultPlan>& fault_plan() const { return fault_plan_; }
  // Null while nothing can.
  core::FaultPlan* faults() const { return fault_plan_->empty() ? nullptr : fault_plan_.get(); }

  // Counts a connection in, or refuses it at max_connections.
  bool AddConnection();
  void RemoveConnection() { connection_count_.fetch_sub(1, std::memory_order_relaxed); }
  std::int64_t connection_count() const {
    return connection_count_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t kSlots = 1024;

  // A line of the processor's cache each, so that shards do not slow each other down.
  struct alignas(64) Lock {
    mutable std::mutex mutex;
  };
  class AllLocked;

  void Changed(std::string_view subject);

  const Entry entry_;
  const std::string name_;
  const core::Namespace name_space_;
  const AccountLimits limits_;
  std::shared_ptr<core::RequestLog> request_log_;
  std::shared_ptr<core::FaultPlan> fault_plan_ = std::make_shared<core::FaultPlan>();
  std::vector<Lock> locks_;  // one for each shard
  core::SubjectTrie<SubscriptionPtr> trie_;
  std::atomic<std::uint64_t> wildcard_version_{1};
  std::array<std::atomic<std::uint32_t>, kSlots> literal_versions_{};
  std::atomic<std::size_t> subscription_count_{0};
  std::atomic<std::uint64_t> insert_count_{0};
  std::atomic<std::int64_t> connection_count_{0};
};

}  // namespace wherry::nats
