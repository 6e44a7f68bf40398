#pragma once

#include <memory>
#include <string_view>

#include "broker/kafka/api_row.h"
#include "broker/kafka/topic_catalog.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

// Where there are several nodes: refuses, with NOT_COORDINATOR, what is asked of another node than
// the one that looks after the group or the transactional id. True: it has answered.
// Threads: the connection's shard.
bool RefuseElsewhere(const Call& call, const ApiRow& row, std::string_view body,
                     const std::shared_ptr<ResponseSlot>& slot);

// Whether the client has come to the leader of a partition that there is, and knows it by the epoch
// that it names; -1: it names none. FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH (KIP-320) or
// NOT_LEADER_OR_FOLLOWER if not.
ErrorCode CheckLeader(const Call& call, const Topic& topic, std::int32_t partition,
                      std::int32_t current_leader_epoch);

}  // namespace wherry::kafka
