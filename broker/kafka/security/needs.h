#pragma once

#include <cstdint>

#include "broker/kafka/authorized_operations.h"

namespace wherry::kafka {

// What a client must be allowed to do for a request of an API to be handled, where there is an
// authorizer. What it may not is answered with the API's refusal: the whole of the request, or
// those elements of its arrays that name what is denied.
struct ApiNeeds {
  static constexpr AclOperation kNothing = AclOperation::kUnknown;

  // With the cluster (CLUSTER_AUTHORIZATION_FAILED).
  AclOperation cluster = kNothing;
  // Who may do that with the cluster may do the rest with every topic.
  bool cluster_suffices = false;
  // With the transactional id (TRANSACTIONAL_ID_AUTHORIZATION_FAILED), where there is one.
  AclOperation transactional_id = kNothing;
  // Without a transactional id: to write idempotently, or to write to some topic.
  bool idempotent_write = false;
  // With the groups (GROUP_AUTHORIZATION_FAILED) and topics (TOPIC_AUTHORIZATION_FAILED) that the
  // request names.
  AclOperation group = kNothing;
  AclOperation topic = kNothing;
  // One topic that is denied keeps the others from being handled: OPERATION_NOT_ATTEMPTED.
  bool together = false;
  // One that is denied has the whole request refused.
  bool whole = false;
  // With the resources whose configurations the request names, each by its type.
  AclOperation configs = kNothing;
  // Versions that only brokers speak, with one another: a client needs kClusterAction.
  std::int16_t brokers_since = INT16_MAX;
  // The handler asks itself (May): what is denied is left out, or answered in a way of its own.
  bool by_handler = false;
  // Anybody may ask.
  bool open = false;
};

// Those of an API; nullptr: nobody has said. Then only who may alter the cluster may ask.
const ApiNeeds* NeedsOf(std::int16_t api_key);

}  // namespace wherry::kafka
