#include "broker/nats/router.h"

#include "protocol/nats/subject.h"

namespace wherry::nats {

void Router::Subscribe(Subscription& subscription) {
  trie_.Insert(subscription.subject, &subscription);
  if (HasWildcard(subscription.subject)) {
    ForgetAll();
  } else {
    Forget(subscription.subject);
  }
}

void Router::Unsubscribe(std::unique_ptr<Subscription> subscription) {
  subscription->closed = true;
  trie_.Remove(subscription->subject, subscription.get());
  if (HasWildcard(subscription->subject)) {
    ForgetAll();
  } else {
    Forget(subscription->subject);
  }
  retired_subscriptions_.push_back(std::move(subscription));
  EmptyGraveyardAtEndOfTurn();
}

Route& Router::Find(std::string_view subject) {
  const auto found = routes_.find(subject);
  if (found != routes_.end()) return *found->second;
  std::unique_ptr<Route> built = Build(subject);
  Route& route = *built;
  const std::size_t hash = StringHash{}(subject);
  std::uint32_t& slot = missed_once_[hash % missed_once_.size()];
  const std::uint32_t mark = static_cast<std::uint32_t>(hash >> 32) | 1;
  if (slot != mark) {
    slot = mark;
    Retire(std::move(built));
    return route;
  }
  if (routes_.size() >= kMaxRoutes) ForgetAll();
  routes_.emplace(std::string(subject), std::move(built));
  return route;
}

std::unique_ptr<Route> Router::Build(std::string_view subject) const {
  auto route = std::make_unique<Route>();
  route->subject = std::string(subject);
  trie_.Match(subject, [&](Subscription* subscription) {
    if (subscription->queue.empty()) {
      route->plain.push_back({subscription, {}});
      return;
    }
    // The same queue name over different patterns is one group (nats-server merges by name).
    for (Route::Group& group : route->groups) {
      if (group.queue == subscription->queue) {
        group.members.push_back({subscription, {}});
        return;
      }
    }
    route->groups.push_back({subscription->queue, {{subscription, {}}}});
  });
  return route;
}

bool Router::Deliver(Route& route, const Message& message, const Subscriber* without) {
  bool delivered = false;
  // By index throughout: a delivery may end subscriptions, whose routes then retire but stay valid.
  for (std::size_t i = 0; i < route.plain.size(); ++i) {
    Route::Target& target = route.plain[i];
    if (&target.subscription->subscriber == without) continue;
    delivered |= DeliverTo(target, route.subject, message);
  }
  for (std::size_t g = 0; g < route.groups.size(); ++g) {
    std::vector<Route::Target>& members = route.groups[g].members;
    const std::size_t first = members.size() == 1 ? 0 : home_.random().Below(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      Route::Target& target = members[(first + i) % members.size()];
      if (target.subscription->closed) continue;
      Subscriber& subscriber = target.subscription->subscriber;
      if (&subscriber == without || !subscriber.CanTake()) continue;
      if (DeliverTo(target, route.subject, message)) {
        delivered = true;
        break;
      }
    }
  }
  return delivered;
}

bool Router::DeliverTo(Route::Target& target, const std::string& subject, const Message& message) {
  Subscription& subscription = *target.subscription;
  if (subscription.closed) return false;
  if (target.prefix.empty()) {
    target.prefix.reserve(subject.size() + subscription.sid.size() + 7);
    target.prefix.append("HMSG ").append(subject).append(" ").append(subscription.sid).append(" ");
  }
  ++subscription.delivered;
  subscription.subscriber.Deliver(subscription, target.prefix, message);
  return true;
}

void Router::Forget(std::string_view literal_subject) {
  ++epoch_;
  const auto found = routes_.find(literal_subject);
  if (found == routes_.end()) return;
  Retire(std::move(found->second));
  routes_.erase(found);
}

void Router::ForgetAll() {
  ++epoch_;
  for (auto& [subject, route] : routes_) Retire(std::move(route));
  routes_.clear();
}

void Router::Retire(std::unique_ptr<Route> route) {
  retired_routes_.push_back(std::move(route));
  EmptyGraveyardAtEndOfTurn();
}

void Router::EmptyGraveyardAtEndOfTurn() {
  if (burial_scheduled_) return;
  burial_scheduled_ = true;
  home_.AtEndOfTurn([this] {
    burial_scheduled_ = false;
    // A route that was never kept may still be somebody's latest.
    if (!retired_routes_.empty()) ++epoch_;
    retired_routes_.clear();
    retired_subscriptions_.clear();
  });
}

}  // namespace wherry::nats
