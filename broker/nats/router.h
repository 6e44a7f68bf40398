#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "broker/nats/account.h"
#include "broker/nats/subscription.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

class ShardOutboxes;

// One subscription on a route, with the beginning of what it is sent: "HMSG subject sid ".
struct Target {
  SubscriptionPtr subscription;
  std::string prefix;
};

// Plain subscriptions of one shard, ordered by sid, so that equal prefixes stand together.
// Immutable once made, shared by the routes and by what is on its way to the shard.
using Targets = std::vector<Target>;

// Who gets the messages of one subject, worked out once and kept.
// Threads: its router's shard.
struct Route {
  struct Remote {
    int shard;
    std::shared_ptr<Targets> targets;
  };
  struct Member {
    Target target;
    std::shared_ptr<Targets> remote;  // the same, where it is another shard's; else null
  };
  struct Group {
    std::string queue;
    std::vector<Member> members;
  };

  std::string subject;
  std::size_t slot = 0;
  Account::Versions versions;
  Targets local;
  std::vector<Remote> remote;
  std::vector<Group> groups;
  bool empty() const { return local.empty() && remote.empty() && groups.empty(); }
};

// How many subscriptions get a message that takes this route, where one of a queue group does.
std::size_t CountReceivers(const Route& route, const Subscriber* without);

// Finds the way of each message of one account to its subscribers, as one shard sees it.
// Threads: its shard only. Owned by the shard's part of the server.
class Router {
 public:
  Router(Account& account, runtime::Shard& shard, ShardOutboxes& outboxes)
      : account_(account), shard_(shard), outboxes_(outboxes) {}

  Account& account() { return account_; }

  void Subscribe(const SubscriptionPtr& subscription) { account_.Subscribe(subscription); }
  void Unsubscribe(Subscription& subscription);

  // The route for `subject`. The same memory may be used again, also in later turns, as long as
  // epoch() is what it was behind this call and IsCurrent says so; within the turn it stays valid
  // memory in any case.
  Route& Find(std::string_view subject);
  bool IsCurrent(const Route& route) const {
    return route.versions == account_.CurrentVersions(route.slot);
  }
  std::uint64_t epoch() const { return epoch_; }

  // Delivers to every plain subscriber and to one member of each group, except `without` (the
  // publisher that asked for no echo). True if anybody got it, or will on another shard.
  bool Deliver(Route& route, const Message& message, const Subscriber* without);
  void Deliver(Route& route, const MessageRun& run, const Subscriber* without);

  // How routes were found, for monitoring.
  struct Stats {
    std::size_t routes = 0;        // kept
    std::uint64_t finds = 0;       // a session that meets its latest subject again asks nobody
    std::uint64_t found = 0;       // among those kept
    std::size_t max_fanout = 0;    // subscriptions on one route
    std::size_t total_fanout = 0;  // on all
  };
  Stats CurrentStats() const;

  std::size_t route_count() const { return routes_.size(); }

  // Routes kept; more are worked out each time they are needed.
  static constexpr std::size_t kMaxRoutes = 8192;

 private:
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return absl::HashOf(absl::string_view(text.data(), text.size()));
    }
  };
  struct StringEqual {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };

  // True if a member of the group has it.
  bool DeliverToGroup(Route::Group& group, const Message& message, const Subscriber* without);
  std::unique_ptr<Route> Build(std::string_view subject) const;
  void Add(const SubscriptionPtr& subscription, Route& route) const;
  void Forget(std::string_view literal_subject);
  void ForgetAll();
  void Retire(std::unique_ptr<Route> route);

  Account& account_;
  runtime::Shard& shard_;
  ShardOutboxes& outboxes_;
  absl::flat_hash_map<std::string, std::unique_ptr<Route>, StringHash, StringEqual> routes_;
  // Hashes of subjects that missed once: a route is kept from the second miss on, so that subjects
  // used once (inboxes) do not push out those used all the time.
  std::array<std::uint32_t, 4096> missed_once_{};
  std::uint64_t epoch_ = 1;
  std::uint64_t finds_ = 0;
  std::uint64_t found_ = 0;

  std::vector<std::unique_ptr<Route>> retired_;
  bool burial_scheduled_ = false;
};

// Delivers a run to subscriptions of this shard, putting it together once for those whose prefixes
// are equal. Threads: the shard of all targets.
void DeliverRun(const Targets& targets, const MessageRun& run, const Subscriber* without);
// One message to one subscription of this shard; false if it is closed.
bool DeliverOne(const Target& target, const Message& message);

}  // namespace wherry::nats
