// AlterPartitionReassignments: moves partitions to other nodes, or calls that off (KIP-455). All
// nodes have the same records, so that a move is over at once.
//
// Versions 0-1. v1 may forbid that the replication factor changes (KIP-860). Flexible from the
// start.

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct ReassignablePartition {
  std::int32_t partition_index = 0;
  std::optional<std::vector<std::int32_t>> replicas;  // nullopt: call it off

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Nullable("Replicas", m.replicas);
  }
};

struct ReassignableTopic {
  std::string name;
  std::vector<ReassignablePartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::int32_t timeout_ms = 60'000;
  bool allow_replication_factor_change = true;
  std::vector<ReassignableTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("TimeoutMs", m.timeout_ms);
    v.Since(1).Field("AllowReplicationFactorChange", m.allow_replication_factor_change);
    v.Array("Topics", m.topics);
  }
};

struct PartitionResult {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
  }
};

struct TopicResult {
  std::string name;
  std::vector<PartitionResult> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  bool allow_replication_factor_change = true;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::vector<TopicResult> responses;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Since(1).Field("AllowReplicationFactorChange", m.allow_replication_factor_change);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Array("Responses", m.responses);
  }
};

PartitionResult Reassign(Cluster& cluster, Topic* topic, const std::string& name,
                         const ReassignablePartition& asked, bool may_change_factor) {
  const Nodes& nodes = cluster.nodes();
  const std::int32_t index = asked.partition_index;
  if (topic == nullptr) {
    return {index, ErrorCode::kUnknownTopicOrPartition,
            absl::StrCat("Unable to find a topic named ", name, ".")};
  }
  if (topic->partition(index) == nullptr) {
    return {index, ErrorCode::kUnknownTopicOrPartition,
            absl::StrCat("Unable to find partition ", name, ":", index, ".")};
  }
  if (!asked.replicas.has_value()) {
    return {index, ErrorCode::kNoReassignmentInProgress, std::nullopt};
  }
  if (std::string fault = nodes.FaultOf(*asked.replicas, true); !fault.empty()) {
    return {index, ErrorCode::kInvalidReplicaAssignment, std::move(fault)};
  }
  const std::size_t factor = nodes.ReplicasOf(*topic, index).size();
  if (asked.replicas->size() != factor && !may_change_factor) {
    return {index, ErrorCode::kInvalidReplicationFactor,
            absl::StrCat("The replication factor is changed from ", factor, " to ",
                         asked.replicas->size())};
  }
  cluster.leaders().Reassign(*topic, index, *asked.replicas);
  return {index, ErrorCode::kNone, std::nullopt};
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  response.allow_replication_factor_change = request.allow_replication_factor_change;
  for (const ReassignableTopic& asked : request.topics) {
    Topic* const topic = call.cluster.topics().Find(asked.name);
    TopicResult& result = response.responses.emplace_back(TopicResult{asked.name, {}});
    for (const ReassignablePartition& partition : asked.partitions) {
      result.partitions.push_back(Reassign(call.cluster, topic, asked.name, partition,
                                           request.allow_replication_factor_change));
    }
  }
  call.cluster.leaders().Keep([reply = std::move(reply), response = std::move(response)](
                                  const absl::Status& status) mutable {
    if (!status.ok()) response.error_code = ErrorCode::kKafkaStorageError;
    reply.Send(response);
  });
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  for (const ReassignableTopic& asked : request.topics) {
    TopicResult& result = response.responses.emplace_back(TopicResult{asked.name, {}});
    for (const ReassignablePartition& partition : asked.partitions) {
      result.partitions.push_back({partition.partition_index, error, std::nullopt});
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_45_alter_partition_reassignments =
    MakeRow<Request, Response, Handle, Refuse>({.key = 45,
                                                .name = "AlterPartitionReassignments",
                                                .min_version = 0,
                                                .max_version = 1,
                                                .flexible_since = 0});

}  // namespace wherry::kafka
