#include "broker/kafka/node_gate.h"

#include <algorithm>
#include <string>
#include <vector>

#include "broker/kafka/cluster.h"

namespace wherry::kafka {

namespace {

enum class Coordinated { kNothing, kGroups, kTransactions };

// What an API asks the coordinator for.
Coordinated CoordinatedBy(std::int16_t key) {
  switch (key) {
    case 8:   // OffsetCommit
    case 9:   // OffsetFetch
    case 11:  // JoinGroup
    case 12:  // Heartbeat
    case 13:  // LeaveGroup
    case 14:  // SyncGroup
    case 15:  // DescribeGroups
    case 28:  // TxnOffsetCommit
    case 42:  // DeleteGroups
    case 47:  // OffsetDelete
    case 68:  // ConsumerGroupHeartbeat
    case 69:  // ConsumerGroupDescribe
      return Coordinated::kGroups;
    case 22:  // InitProducerId
    case 24:  // AddPartitionsToTxn
    case 25:  // AddOffsetsToTxn
    case 26:  // EndTxn
    case 65:  // DescribeTransactions
      return Coordinated::kTransactions;
    default:
      return Coordinated::kNothing;
  }
}

}  // namespace

bool RefuseElsewhere(const Call& call, const ApiRow& row, std::string_view body,
                     const std::shared_ptr<ResponseSlot>& slot) {
  const Nodes& nodes = call.cluster.nodes();
  if (!nodes.several()) return false;
  const Coordinated what = CoordinatedBy(row.key);
  if (what == Coordinated::kNothing) return false;
  const RequestSubjects subjects =
      row.request.subjects(body, call.version, slot->flexible, call.cluster.topics());
  const std::vector<std::string>& keys =
      what == Coordinated::kGroups ? subjects.groups : subjects.transactional_ids;
  const bool here = std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
    return nodes.CoordinatorOf(key) == call.node.id;
  });
  return !here && row.refuse(call, body, slot->flexible, ErrorCode::kNotCoordinator, slot);
}

ErrorCode CheckLeaderEpoch(const Topic& topic, std::int32_t partition,
                           std::int32_t current_leader_epoch) {
  if (current_leader_epoch < 0) return ErrorCode::kNone;
  const std::int32_t epoch = topic.LeaderEpochOf(partition);
  if (current_leader_epoch > epoch) return ErrorCode::kUnknownLeaderEpoch;
  return current_leader_epoch < epoch ? ErrorCode::kFencedLeaderEpoch : ErrorCode::kNone;
}

ErrorCode CheckLeader(const Call& call, const Topic& topic, std::int32_t partition,
                      std::int32_t current_leader_epoch) {
  const ErrorCode error = CheckLeaderEpoch(topic, partition, current_leader_epoch);
  if (error != ErrorCode::kNone) return error;
  const bool leads = call.cluster.nodes().LeaderOf(topic, partition) == call.node.id;
  return leads ? ErrorCode::kNone : ErrorCode::kNotLeaderOrFollower;
}

}  // namespace wherry::kafka
