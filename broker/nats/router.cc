#include "broker/nats/router.h"

#include <algorithm>

#include "broker/nats/outbox.h"
#include "broker/nats/permissions.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace {

// A run from this size on is put together once and referred to by all who have the same prefix;
// below it a copy is cheaper (a reference costs about as much as copying 4 KiB).
constexpr std::size_t kShareRunFrom = 4 * 1024;

std::string PrefixFor(std::string_view subject, std::string_view sid) {
  std::string prefix;
  prefix.reserve(subject.size() + sid.size() + 7);
  prefix.append("HMSG ").append(subject).append(" ").append(sid).append(" ");
  return prefix;
}

}  // namespace

std::size_t CountReceivers(const Route& route, const Subscriber* without) {
  const auto gets = [without](const Target& target) {
    return !target.subscription->closed() && &target.subscription->subscriber() != without;
  };
  std::size_t count = 0;
  for (const Target& target : route.local) count += gets(target) ? 1 : 0;
  for (const Route::Remote& remote : route.remote) {
    for (const Target& target : *remote.targets) count += gets(target) ? 1 : 0;
  }
  for (const Route::Group& group : route.groups) {
    const bool any = std::any_of(group.members.begin(), group.members.end(),
                                 [&](const Route::Member& member) { return gets(member.target); });
    if (any) ++count;
  }
  return count;
}

void Router::Unsubscribe(Subscription& subscription) {
  account_.Unsubscribe(subscription);
  // The routes are outdated already; this gives back what they hold.
  if (HasWildcard(subscription.subject())) {
    ForgetAll();
  } else {
    Forget(subscription.subject());
  }
}

Router::Stats Router::CurrentStats() const {
  Stats stats{routes_.size(), finds_, found_, 0, 0};
  for (const auto& [subject, route] : routes_) {
    std::size_t fanout = route->local.size();
    for (const Route::Remote& remote : route->remote) fanout += remote.targets->size();
    for (const Route::Group& group : route->groups) fanout += group.members.size();
    stats.max_fanout = std::max(stats.max_fanout, fanout);
    stats.total_fanout += fanout;
  }
  return stats;
}

Route& Router::Find(std::string_view subject) {
  ++finds_;
  const auto found = routes_.find(subject);
  if (found != routes_.end()) {
    if (IsCurrent(*found->second)) {
      ++found_;
      return *found->second;
    }
    Retire(std::move(found->second));
    found->second = Build(subject);
    return *found->second;
  }
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
  route->slot = Account::SlotOf(subject);
  route->versions =
      account_.Match(shard_.index(), subject, route->slot,
                     [&](const SubscriptionPtr& subscription) { Add(subscription, *route); });
  const auto by_prefix = [](const Target& a, const Target& b) { return a.prefix < b.prefix; };
  std::sort(route->local.begin(), route->local.end(), by_prefix);
  for (const Route::Remote& remote : route->remote) {
    std::sort(remote.targets->begin(), remote.targets->end(), by_prefix);
  }
  return route;
}

void Router::Add(const SubscriptionPtr& subscription, Route& route) const {
  if (subscription->delivery_check != nullptr &&
      !subscription->delivery_check->MayDeliver(route.subject, subscription->queue())) {
    return;
  }
  Target target{subscription, PrefixFor(route.subject, subscription->sid())};
  const int shard = subscription->shard();
  const bool local = shard == shard_.index();
  if (!subscription->queue().empty()) {
    Route::Member member{target, local ? nullptr : std::make_shared<Targets>(1, target)};
    // The same queue name over different patterns is one group (nats-server merges by name).
    for (Route::Group& group : route.groups) {
      if (group.queue != subscription->queue()) continue;
      group.members.push_back(std::move(member));
      return;
    }
    route.groups.push_back({std::string(subscription->queue()), {std::move(member)}});
    return;
  }
  if (local) {
    route.local.push_back(std::move(target));
    return;
  }
  for (const Route::Remote& remote : route.remote) {
    if (remote.shard == shard) return remote.targets->push_back(std::move(target));
  }
  route.remote.push_back({shard, std::make_shared<Targets>(1, std::move(target))});
}

bool Router::Deliver(Route& route, const Message& message, const Subscriber* without) {
  bool delivered = false;
  // By index throughout: a delivery may end subscriptions, whose routes then retire but stay valid.
  for (std::size_t i = 0; i < route.local.size(); ++i) {
    const Target& target = route.local[i];
    if (&target.subscription->subscriber() == without) continue;
    delivered |= DeliverOne(target, message);
  }
  for (const Route::Remote& remote : route.remote) {
    outboxes_.To(remote.shard).Add(remote.targets, message);
    delivered = true;
  }
  for (std::size_t g = 0; g < route.groups.size(); ++g) {
    delivered |= DeliverToGroup(route.groups[g], message, without);
  }
  return delivered;
}

void Router::Deliver(Route& route, const MessageRun& run, const Subscriber* without) {
  DeliverRun(route.local, run, without);
  for (const Route::Remote& remote : route.remote) {
    outboxes_.To(remote.shard).Add(remote.targets, run);
  }
  if (route.groups.empty()) return;
  // Each message of the run has its own choice of members.
  for (std::size_t i = 0; i < run.tails.size(); ++i) {
    const Message message = run.At(i);
    for (std::size_t g = 0; g < route.groups.size(); ++g) {
      DeliverToGroup(route.groups[g], message, without);
    }
  }
}

bool Router::DeliverToGroup(Route::Group& group, const Message& message,
                            const Subscriber* without) {
  const std::size_t size = group.members.size();
  const std::size_t first = size == 1 ? 0 : shard_.random().Below(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t index = first + i < size ? first + i : first + i - size;
    const Route::Member& member = group.members[index];
    const Subscription& subscription = *member.target.subscription;
    if (subscription.closed()) continue;
    if (member.remote != nullptr) {
      outboxes_.To(subscription.shard()).Add(member.remote, message);
      return true;
    }
    const Subscriber& subscriber = subscription.subscriber();
    if (&subscriber == without || !subscriber.CanTake()) continue;
    if (DeliverOne(member.target, message)) return true;
  }
  return false;
}

void Router::Forget(std::string_view literal_subject) {
  const auto found = routes_.find(literal_subject);
  if (found == routes_.end()) return;
  Retire(std::move(found->second));
  routes_.erase(found);
}

void Router::ForgetAll() {
  for (auto& [subject, route] : routes_) Retire(std::move(route));
  routes_.clear();
}

void Router::Retire(std::unique_ptr<Route> route) {
  ++epoch_;
  retired_.push_back(std::move(route));
  if (burial_scheduled_) return;
  burial_scheduled_ = true;
  shard_.AtEndOfTurn([this] {
    burial_scheduled_ = false;
    // A route that was never kept may be somebody's latest since it was retired.
    ++epoch_;
    retired_.clear();
  });
}

bool DeliverOne(const Target& target, const Message& message) {
  Subscription& subscription = *target.subscription;
  if (subscription.closed()) return false;
  ++subscription.delivered;
  subscription.subscriber().Deliver(subscription, target.prefix, message);
  return true;
}

void DeliverRun(const Targets& targets, const MessageRun& run, const Subscriber* without) {
  for (std::size_t i = 0; i < targets.size();) {
    // By copy of the view: it is compared while deliveries may retire the route.
    const std::string_view prefix = targets[i].prefix;
    std::size_t end = i + 1;
    while (end < targets.size() && targets[end].prefix == prefix) ++end;
    FormattedRun formatted;
    std::string copied;
    // "MSG ..." is the prefix without its H.
    const std::string_view plain = prefix.substr(1);
    if (end - i > 1) {
      const std::size_t size = run.WireSize(plain);
      if (size >= kShareRunFrom) {
        std::shared_ptr<char[]> block(new char[size]);
        run.Format(plain, block.get());
        formatted.bytes = {block.get(), size};
        formatted.owner = std::move(block);
      } else {
        copied.resize(size);
        run.Format(plain, copied.data());
        formatted.bytes = copied;
      }
    }
    for (; i < end; ++i) {
      Subscription& subscription = *targets[i].subscription;
      if (subscription.closed() || &subscription.subscriber() == without) continue;
      subscription.subscriber().DeliverRun(subscription, targets[i].prefix, run,
                                           formatted.bytes.empty() ? nullptr : &formatted);
    }
  }
}

}  // namespace wherry::nats
