#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "broker/core/subject_trie.h"
#include "broker/nats/subscription.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

// Who gets the messages of one subject, worked out once and kept.
struct Route {
  struct Target {
    Subscription* subscription;
    std::string prefix;  // "HMSG subject sid ", made at the first delivery
  };
  struct Group {
    std::string queue;
    std::vector<Target> members;
  };

  std::string subject;
  std::vector<Target> plain;
  std::vector<Group> groups;
  bool empty() const { return plain.empty() && groups.empty(); }
};

// The subjects of one Namespace: subscriptions, and the way of each message to its subscribers.
// Threads: its home shard only. Owned by the namespace's server.
//
// Routes are kept per subject. A literal SUB or UNSUB touches the route of its own subject only
// (request inboxes come and go all the time); wildcards forget all routes.
class Router {
 public:
  explicit Router(runtime::Shard& home) : home_(home) {}

  void Subscribe(Subscription& subscription);
  // The subscription gets nothing from here on. Its owner hands it over, since a delivery under way
  // may still refer to it.
  void Unsubscribe(std::unique_ptr<Subscription> subscription);

  // Finds the route for `subject`. It may be used again, also in later turns, as long as epoch() is
  // what it was behind this call; within the turn it stays valid memory in any case.
  Route& Find(std::string_view subject);
  std::uint64_t epoch() const { return epoch_; }

  // Delivers to every plain subscriber and to one member of each group, except `without` (the
  // publisher that asked for no echo). True if anybody got it.
  bool Deliver(Route& route, const Message& message, const Subscriber* without);

  std::size_t subscription_count() const { return trie_.size(); }
  std::size_t route_count() const { return routes_.size(); }

  // Routes kept; more are worked out each time they are needed.
  static constexpr std::size_t kMaxRoutes = 8192;

 private:
  bool DeliverTo(Route::Target& target, const std::string& subject, const Message& message);
  std::unique_ptr<Route> Build(std::string_view subject) const;
  void Forget(std::string_view literal_subject);
  void ForgetAll();
  void Retire(std::unique_ptr<Route> route);
  void EmptyGraveyardAtEndOfTurn();

  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct StringEqual {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };

  runtime::Shard& home_;
  core::SubjectTrie<Subscription*> trie_;
  absl::flat_hash_map<std::string, std::unique_ptr<Route>, StringHash, StringEqual> routes_;
  // Hashes of subjects that missed once: a route is kept from the second miss on, so that subjects
  // used once (inboxes) do not push out those used all the time.
  std::array<std::uint32_t, 4096> missed_once_{};
  std::uint64_t epoch_ = 1;

  std::vector<std::unique_ptr<Route>> retired_routes_;
  std::vector<std::unique_ptr<Subscription>> retired_subscriptions_;
  bool burial_scheduled_ = false;
};

}  // namespace wherry::nats
