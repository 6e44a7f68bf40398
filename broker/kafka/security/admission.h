#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "broker/kafka/api_row.h"
#include "broker/kafka/call.h"
#include "broker/kafka/security/acl.h"
#include "broker/kafka/security/needs.h"

// Where requests meet the authorizer of their namespace, if it has one.
namespace wherry::kafka {

// Handles a request as far as the client may ask for it, and refuses it for the rest. False: the
// bytes are no such request. Threads: the home shard.
bool HandleAllowed(const Call& call, const ApiRow& row, std::string_view body,
                   const std::shared_ptr<ResponseSlot>& slot);

// Whether the client may do it. Without an authorizer everybody may do everything.
bool May(const Call& call, AclOperation operation, AclResourceType type, std::string_view name);
// May for the reading of topics, which outlives the call; empty: everybody may read all.
std::function<bool(std::string_view topic)> MayReadTopics(const Call& call);
// Of the operations of `all`, those that the client may do, as a set of bits (KIP-430).
std::int32_t AllowedOperations(const Call& call, std::int32_t all, AclResourceType type,
                               std::string_view name);
// Those with the cluster, which only who may describe it is told.
std::int32_t AllowedClusterOperations(const Call& call);

}  // namespace wherry::kafka
