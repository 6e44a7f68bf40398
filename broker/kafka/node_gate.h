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

constexpr std::int32_t kNoEpoch = -1;

// Whether the client knows the partition's leader by its epoch, or names none: FENCED_LEADER_EPOCH
// or UNKNOWN_LEADER_EPOCH if not (KIP-320).
ErrorCode CheckLeaderEpoch(const Topic& topic, std::int32_t partition,
                           std::int32_t current_leader_epoch);

// The same, and whether it has come to the leader: NOT_LEADER_OR_FOLLOWER if not.
ErrorCode CheckLeader(const Call& call, const Topic& topic, std::int32_t partition,
                      std::int32_t current_leader_epoch);

}  // namespace wherry::kafka
