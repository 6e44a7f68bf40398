// OffsetForLeaderEpoch: where the records of a leader's epoch end, by which a consumer learns that
// what it has read was cut off (KIP-320).
//
// Versions 2-4. v3 brought the replica that asks, v4 flexible fields.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/node_gate.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct AskedPartition {
  std::int32_t partition = 0;
  std::int32_t current_leader_epoch = -1;
  std::int32_t leader_epoch = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("Partition", m.partition);
    v.Field("CurrentLeaderEpoch", m.current_leader_epoch);
    v.Field("LeaderEpoch", m.leader_epoch);
  }
};

struct AskedTopic {
  std::string topic;
  std::vector<AskedPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Topic", m.topic);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::int32_t replica_id = -2;
  std::vector<AskedTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Since(3).Field("ReplicaId", m.replica_id);
    v.Array("Topics", m.topics);
  }
};

struct EpochEndOffset {
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t partition = 0;
  std::int32_t leader_epoch = -1;
  std::int64_t end_offset = -1;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Field("Partition", m.partition);
    v.Field("LeaderEpoch", m.leader_epoch);
    v.Field("EndOffset", m.end_offset);
  }
};

struct TopicResult {
  std::string topic;
  std::vector<EpochEndOffset> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Topic", m.topic);
    v.Array("Partitions", m.partitions);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

EpochEndOffset LookUp(const Call& call, const Topic* topic, const AskedPartition& asked) {
  EpochEndOffset end;
  end.partition = asked.partition;
  const core::Partition* const partition =
      topic == nullptr ? nullptr : topic->partition(asked.partition);
  if (partition == nullptr) {
    end.error_code = ErrorCode::kUnknownTopicOrPartition;
    return end;
  }
  end.error_code = CheckLeader(call, *topic, asked.partition, asked.current_leader_epoch);
  if (end.error_code != ErrorCode::kNone) return end;
  const EpochEnd found = topic->EndOfEpoch(asked.partition, asked.leader_epoch);
  end.leader_epoch = found.epoch;
  end.end_offset = found.offset;
  return end;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  for (const AskedTopic& topic : request.topics) {
    const Topic* const found = call.cluster.topics().Find(topic.topic);
    TopicResult& result = response.topics.emplace_back(TopicResult{topic.topic, {}});
    for (const AskedPartition& asked : topic.partitions) {
      result.partitions.push_back(LookUp(call, found, asked));
    }
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const AskedTopic& topic : request.topics) {
    TopicResult& result = response.topics.emplace_back(TopicResult{topic.topic, {}});
    for (const AskedPartition& asked : topic.partitions) {
      EpochEndOffset& end = result.partitions.emplace_back();
      end.error_code = error;
      end.partition = asked.partition;
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_23_offset_for_leader_epoch =
    MakeRow<Request, Response, Handle, Refuse>({.key = 23,
                                                .name = "OffsetForLeaderEpoch",
                                                .min_version = 2,
                                                .max_version = 4,
                                                .flexible_since = 4});

}  // namespace wherry::kafka
