// SUB and UNSUB.
#include "absl/strings/str_cat.h"
#include "broker/nats/session.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

void Session::HandleSub(const Operation& operation) {
  Active();
  if (!MaySubscribe(operation)) return;
  const auto known = subscriptions_.find(operation.sid);
  // A second SUB of a sid is ignored, as nats-server does.
  if (known == subscriptions_.end()) {
    SubscriptionPtr subscription =
        Subscription::Make(*this, part_.shard().index(), operation.subject, operation.queue,
                           operation.sid);
    if (permissions_ != nullptr &&
        permissions_->NeedsDeliveryCheck(operation.subject, operation.queue)) {
      subscription->delivery_check = &permissions_->permissions();
    }
    router_->Subscribe(subscription);
    subscriptions_.insert(std::move(subscription));
  }
  WriteOk();
}

// In nats-server's order.
bool Session::MaySubscribe(const Operation& operation) {
  if (operation.queue == kReservedQueue ||
      (permissions_ != nullptr &&
       !permissions_->MaySubscribe(operation.subject, operation.queue))) {
    WriteError(SubscribeViolation(operation.subject, operation.queue));
    return false;
  }
  if (!IsWithinLimits(operation)) return false;
  if (!IsValidSubject(operation.subject)) {
    WriteError("Invalid Subject");
    return false;
  }
  return true;
}

bool Session::IsWithinLimits(const Operation& operation) {
  const Settings& limits = settings();
  if (limits.max_subscription_tokens > 0 &&
      std::count(operation.subject.begin(), operation.subject.end(), '.') >=
          limits.max_subscription_tokens) {
    WriteError(absl::StrCat(SubscribeViolation(operation.subject, ""), ", too many tokens"));
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
  return true;
}

void Session::HandleUnsub(const Operation& operation) {
  Active();
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

// Those that the client may have no longer, since its permissions are others now.
void Session::RemoveForbiddenSubscriptions() {
  std::vector<SubscriptionPtr> kept(subscriptions_.begin(), subscriptions_.end());
  for (const SubscriptionPtr& subscription : kept) {
    subscription->delivery_check =
        permissions_ != nullptr &&
                permissions_->NeedsDeliveryCheck(subscription->subject(), subscription->queue())
            ? &permissions_->permissions()
            : nullptr;
    if (permissions_ == nullptr ||
        permissions_->MaySubscribe(subscription->subject(), subscription->queue())) {
      continue;
    }
    WriteError(absl::StrCat(SubscribeViolation(subscription->subject(), subscription->queue()),
                            " (sid \"", std::string(subscription->sid()), "\")"));
    RemoveSubscription(*subscription);
  }
}

void Session::RemoveAllSubscriptions() {
  for (const SubscriptionPtr& subscription : subscriptions_) router_->Unsubscribe(*subscription);
  subscriptions_ = {};
}

}  // namespace wherry::nats
