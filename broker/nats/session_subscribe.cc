// SUB and UNSUB.
#include "broker/nats/session.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

void Session::HandleSub(const Operation& operation) {
  if (!MaySubscribe(operation)) return;
  const auto known = subscriptions_.find(operation.sid);
  // A second SUB of a sid is ignored, as nats-server does.
  if (known == subscriptions_.end()) {
    SubscriptionPtr subscription =
        Subscription::Make(*this, part_.shard().index(), operation.subject, operation.queue,
                           operation.sid);
    router_->Subscribe(subscription);
    subscriptions_.insert(std::move(subscription));
  }
  WriteOk();
}

// In nats-server's order: what is wrong with the most is said.
bool Session::MaySubscribe(const Operation& operation) {
  const Settings& limits = settings();
  if (limits.max_subscription_tokens > 0 &&
      std::count(operation.subject.begin(), operation.subject.end(), '.') >=
          limits.max_subscription_tokens) {
    WriteError("Permissions Violation for Subscription to \"" + std::string(operation.subject) +
               "\", too many tokens");
    return false;
  }
  const std::int64_t account_limit = account_->limits().max_subscriptions;
  if ((limits.max_subscriptions > 0 &&
       subscriptions_.size() >= static_cast<std::size_t>(limits.max_subscriptions)) ||
      (account_limit >= 0 &&
       account_->subscription_count() >= static_cast<std::size_t>(account_limit))) {
    WriteError("maximum subscriptions exceeded");
    return false;
  }
  if (!IsValidSubject(operation.subject)) {
    WriteError("Invalid Subject");
    return false;
  }
  return true;
}

void Session::HandleUnsub(const Operation& operation) {
  const auto found = subscriptions_.find(operation.sid);
  if (found != subscriptions_.end()) {
    Subscription& subscription = **found;
    if (operation.max > 0 && static_cast<std::uint64_t>(operation.max) > subscription.delivered) {
      subscription.max = static_cast<std::uint64_t>(operation.max);
    } else {
      RemoveSubscription(subscription);
    }
  }
  WriteOk();
}

void Session::RemoveSubscription(Subscription& subscription) {
  const SubscriptionPtr alive(&subscription);
  subscriptions_.erase(subscription.sid());
  router_->Unsubscribe(subscription);
}

void Session::RemoveAllSubscriptions() {
  for (const SubscriptionPtr& subscription : subscriptions_) router_->Unsubscribe(*subscription);
  subscriptions_ = {};
}

}  // namespace wherry::nats
