#include "broker/nats/connection_info.h"

namespace wherry::nats {

SubscriptionInfo InfoOf(const Subscription& subscription, std::string_view account) {
  return {std::string(account),
          std::string(subscription.subject()),
          std::string(subscription.queue()),
          std::string(subscription.sid()),
          subscription.delivered,
          subscription.max,
          subscription.subscriber().client_id()};
}

}  // namespace wherry::nats
