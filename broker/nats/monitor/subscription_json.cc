#include "broker/nats/monitor/subscription_json.h"

namespace wherry::nats {

boost::json::object SubscriptionJson(const SubscriptionInfo& subscription, bool with_account) {
  boost::json::object object;
  if (with_account) {
    object["account"] = subscription.account;
    object["account_tag"] = subscription.account;
  }
  object["subject"] = subscription.subject;
  if (!subscription.queue.empty()) object["qgroup"] = subscription.queue;
  object["sid"] = subscription.sid;
  object["msgs"] = subscription.msgs;
  if (subscription.max > 0) object["max"] = subscription.max;
  object["cid"] = subscription.cid;
  return object;
}

}  // namespace wherry::nats
