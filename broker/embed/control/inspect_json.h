#pragma once

#include <boost/json/object.hpp>

#include "wherry/inspect.h"

// The values of wherry/inspect.h as operations answer them: the same names, times in milliseconds
// since the epoch.
namespace wherry::embed::control {

boost::json::object ToJson(const ConnectionInfo& connection);
boost::json::object ToJson(const RequestInfo& request);
boost::json::object ToJson(const NatsSubscriptionInfo& subscription);
boost::json::object ToJson(const RouteExplanation& explanation);
boost::json::object ToJson(const GroupInfo& group);
boost::json::object ToJson(const TopicInfo& topic);
boost::json::object ToJson(const ClientTelemetry& client);

}  // namespace wherry::embed::control
