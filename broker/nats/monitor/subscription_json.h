#pragma once

#include <boost/json.hpp>

#include "broker/nats/connection_info.h"

namespace wherry::nats {

// As the pages list it; with its account where the list is not one connection's.
boost::json::object SubscriptionJson(const SubscriptionInfo& subscription, bool with_account);

}  // namespace wherry::nats
