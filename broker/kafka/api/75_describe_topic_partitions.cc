// DescribeTopicPartitions: topics with their partitions, page by page (KIP-966).
//
// Version 0. Flexible from the start. A page ends after ResponsePartitionLimit partitions, and its
// cursor says with which the next one begins. Every topic tells the operations that it allows, also
// one that is not there.

#include <algorithm>
#include <set>

#include "broker/kafka/api_row.h"
#include "broker/kafka/authorized_operations.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

// As Kafka's max.request.partition.size.limit.
constexpr std::int32_t kMaxPartitionsOfPage = 2000;

struct AskedTopic {
  std::string name;

  static void Visit(auto& v, auto& m) { v.Field("Name", m.name); }
};

struct Cursor {
  std::string topic_name;
  std::int32_t partition_index = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("TopicName", m.topic_name);
    v.Field("PartitionIndex", m.partition_index);
  }
};

struct Request {
  std::vector<AskedTopic> topics;  // none: all
  std::int32_t response_partition_limit = kMaxPartitionsOfPage;
  std::optional<Cursor> cursor;

  static void Visit(auto& v, auto& m) {
    v.Array("Topics", m.topics);
    v.Field("ResponsePartitionLimit", m.response_partition_limit);
    v.Nullable("Cursor", m.cursor);
  }
};

struct ResponsePartition {
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t partition_index = 0;
  std::int32_t leader_id = 0;
  std::int32_t leader_epoch = -1;
  std::vector<std::int32_t> replica_nodes;
  std::vector<std::int32_t> isr_nodes;
  std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
  std::optional<std::vector<std::int32_t>> last_known_elr;
  std::vector<std::int32_t> offline_replicas;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Field("PartitionIndex", m.partition_index);
    v.Field("LeaderId", m.leader_id);
    v.Field("LeaderEpoch", m.leader_epoch);
    v.Array("ReplicaNodes", m.replica_nodes);
    v.Array("IsrNodes", m.isr_nodes);
    v.Nullable("EligibleLeaderReplicas", m.eligible_leader_replicas);
    v.Nullable("LastKnownElr", m.last_known_elr);
    v.Array("OfflineReplicas", m.offline_replicas);
  }
};

struct ResponseTopic {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> name;
  wire::Uuid topic_id;
  bool is_internal = false;
  std::vector<ResponsePartition> partitions;
  std::int32_t topic_authorized_operations = kNoOperations;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("Name", m.name);
    v.Field("TopicId", m.topic_id);
    v.Field("IsInternal", m.is_internal);
    v.Array("Partitions", m.partitions);
    v.Field("TopicAuthorizedOperations", m.topic_authorized_operations);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<ResponseTopic> topics;
  std::optional<Cursor> next_cursor;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
    v.Nullable("NextCursor", m.next_cursor);
  }
};

bool MayDescribe(const Call& call, std::string_view topic) {
  return May(call, AclOperation::kDescribe, AclResourceType::kTopic, topic);
}

// In the order of the pages.
std::set<std::string> NamesOf(const Call& call, const Request& request) {
  std::set<std::string> names;
  for (const AskedTopic& topic : request.topics) names.insert(topic.name);
  if (!request.topics.empty()) return names;
  for (const auto& [name, topic] : call.cluster.topics().topics()) {
    if (MayDescribe(call, name)) names.insert(name);
  }
  return names;
}

ResponseTopic Denied(const std::string& name) {
  ResponseTopic response;
  response.name = name;
  response.error_code = ErrorCode::kTopicAuthorizationFailed;
  return response;
}

ResponseTopic Unknown(const std::string& name) {
  ResponseTopic response;
  response.name = name;
  response.topic_authorized_operations = kAllTopicOperations;
  response.error_code = TopicCatalog::CheckName(name).ok() ? ErrorCode::kUnknownTopicOrPartition
                                                           : ErrorCode::kInvalidTopicException;
  return response;
}

// At most `limit` partitions of it, from `first` on.
ResponseTopic Describe(const Call& call, const Topic& topic, std::int32_t first,
                       std::int32_t limit) {
  ResponseTopic response;
  response.name = topic.name;
  response.topic_id = topic.id;
  response.topic_authorized_operations =
      AllowedOperations(call, kAllTopicOperations, AclResourceType::kTopic, topic.name);
  const Nodes& nodes = call.cluster.nodes();
  const auto count = static_cast<std::int32_t>(topic.partitions.size());
  for (std::int32_t index = first; index < count && index - first < limit; ++index) {
    ResponsePartition& partition = response.partitions.emplace_back();
    partition.partition_index = index;
    partition.leader_id = nodes.LeaderOf(topic, index);
    partition.leader_epoch = topic.LeaderEpochOf(index);
    partition.replica_nodes = nodes.ReplicasOf(topic, index);
    partition.isr_nodes = nodes.InSyncOf(topic, index);
    partition.offline_replicas = nodes.StoppedOf(topic, index);
    if (partition.leader_id == Leadership::kNobody) {
      partition.error_code = ErrorCode::kLeaderNotAvailable;
    }
    partition.eligible_leader_replicas.emplace();
    partition.last_known_elr.emplace();
  }
  return response;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const Cursor from = request.cursor.value_or(Cursor());
  Response response;
  if (from.partition_index < 0) {
    for (const AskedTopic& topic : request.topics) {
      ResponseTopic& refused = response.topics.emplace_back();
      refused.name = topic.name;
      refused.error_code = ErrorCode::kInvalidRequest;
    }
    return reply.Send(response);
  }
  std::int32_t left = std::clamp(request.response_partition_limit, 1, kMaxPartitionsOfPage);
  const std::set<std::string> names = NamesOf(call, request);
  for (auto name = names.lower_bound(from.topic_name); name != names.end(); ++name) {
    const Topic* const topic = call.cluster.topics().Find(*name);
    const std::int32_t first = *name == from.topic_name ? from.partition_index : 0;
    if (left == 0) {
      response.next_cursor = Cursor{*name, 0};
      break;
    }
    if (!MayDescribe(call, *name)) {
      response.topics.push_back(Denied(*name));
      continue;
    }
    response.topics.push_back(topic == nullptr ? Unknown(*name)
                                               : Describe(call, *topic, first, left));
    if (topic == nullptr) continue;
    const auto told = static_cast<std::int32_t>(response.topics.back().partitions.size());
    left -= told;
    if (first < static_cast<std::int32_t>(topic->partitions.size()) - told) {
      response.next_cursor = Cursor{*name, first + told};
      break;
    }
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const AskedTopic& asked : request.topics) {
    ResponseTopic& topic = response.topics.emplace_back();
    topic.name = asked.name;
    topic.error_code = error;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_75_describe_topic_partitions =
    MakeRow<Request, Response, Handle, Refuse>({.key = 75,
                                                .name = "DescribeTopicPartitions",
                                                .min_version = 0,
                                                .max_version = 0,
                                                .flexible_since = 0});

}  // namespace wherry::kafka
