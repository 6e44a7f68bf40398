// Metadata: the brokers, and the topics with their partitions and leaders.
//
// Versions 0-13. v1 brought racks, the controller and null for "all topics", v2 the cluster id, v4
// the choice not to create topics, v5 offline replicas, v7 leader epochs, v8 authorized operations
// (KIP-430), v9 flexible fields, v10 topic ids (KIP-516), v12 topics that are asked for by id
// alone, v13 an error of the whole (KIP-1102), which we never have; v11 took those of the cluster
// away again, for DescribeCluster. A topic that is asked for by name is created where both the
// client and KafkaOptions::auto_create_topics allow it. As in Kafka, one id in a request makes all
// its names be passed over, and a topic that is named twice is answered once. What the client may
// not describe is left out of all topics, and refused where it is asked for.

#include <set>

#include "broker/kafka/api_row.h"
#include "broker/kafka/authorized_operations.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct RequestTopic {
  wire::Uuid topic_id;
  std::optional<std::string> name;

  static void Visit(auto& v, auto& m) {
    v.Since(10).Field("TopicId", m.topic_id);
    v.NullableSince(10, "Name", m.name);
  }
};

struct Request {
  std::optional<std::vector<RequestTopic>> topics;
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  static void Visit(auto& v, auto& m) {
    v.NullableSince(1, "Topics", m.topics);
    v.Since(4).Field("AllowAutoTopicCreation", m.allow_auto_topic_creation);
    v.Since(8).Until(10).Field("IncludeClusterAuthorizedOperations",
                               m.include_cluster_authorized_operations);
    v.Since(8).Field("IncludeTopicAuthorizedOperations", m.include_topic_authorized_operations);
  }
};

struct ResponseBroker {
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;

  static void Visit(auto& v, auto& m) {
    v.Field("NodeId", m.node_id);
    v.Field("Host", m.host);
    v.Field("Port", m.port);
    v.Since(1).Nullable("Rack", m.rack);
  }
};

struct ResponsePartition {
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t partition_index = 0;
  std::int32_t leader_id = 0;
  std::int32_t leader_epoch = -1;
  std::vector<std::int32_t> replica_nodes;
  std::vector<std::int32_t> isr_nodes;
  std::vector<std::int32_t> offline_replicas;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Field("PartitionIndex", m.partition_index);
    v.Field("LeaderId", m.leader_id);
    v.Since(7).Field("LeaderEpoch", m.leader_epoch);
    v.Array("ReplicaNodes", m.replica_nodes);
    v.Array("IsrNodes", m.isr_nodes);
    v.Since(5).Array("OfflineReplicas", m.offline_replicas);
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
    v.NullableSince(12, "Name", m.name);
    v.Since(10).Field("TopicId", m.topic_id);
    v.Since(1).Field("IsInternal", m.is_internal);
    v.Array("Partitions", m.partitions);
    v.Since(8).Field("TopicAuthorizedOperations", m.topic_authorized_operations);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<ResponseBroker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<ResponseTopic> topics;
  std::int32_t cluster_authorized_operations = kNoOperations;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Since(3).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Brokers", m.brokers);
    v.Since(2).Nullable("ClusterId", m.cluster_id);
    v.Since(1).Field("ControllerId", m.controller_id);
    v.Array("Topics", m.topics);
    v.Since(8).Until(10).Field("ClusterAuthorizedOperations", m.cluster_authorized_operations);
    v.Since(13).Field("ErrorCode", m.error_code);
  }
};

ResponseTopic Describe(const Nodes& nodes, const Topic& topic) {
  ResponseTopic response;
  response.name = topic.name;
  response.topic_id = topic.id;
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    ResponsePartition& partition = response.partitions.emplace_back();
    partition.partition_index = static_cast<std::int32_t>(index);
    partition.leader_id = nodes.LeaderOf(topic, partition.partition_index);
    partition.leader_epoch = topic.LeaderEpochOf(partition.partition_index);
    partition.replica_nodes = nodes.ReplicasOf(topic, partition.partition_index);
    partition.isr_nodes = nodes.InSyncOf(topic, partition.partition_index);
    partition.offline_replicas = nodes.StoppedOf(topic, partition.partition_index);
    if (partition.leader_id == Leadership::kNobody) {
      partition.error_code = ErrorCode::kLeaderNotAvailable;
    }
  }
  return response;
}

ResponseTopic DescribeOrCreate(Cluster& cluster, const std::string& name, bool may_create) {
  if (const Topic* topic = cluster.topics().Find(name)) return Describe(cluster.nodes(), *topic);
  ResponseTopic response;
  response.name = name;
  if (!TopicCatalog::CheckName(name).ok()) {
    response.error_code = ErrorCode::kInvalidTopicException;
  } else if (!may_create) {
    response.error_code = ErrorCode::kUnknownTopicOrPartition;
  } else {
    const auto topic = cluster.topics().Create(name, cluster.options().default_partitions, {},
                                               [](const absl::Status&) {});
    if (topic.ok()) return Describe(cluster.nodes(), **topic);
    // A name that collides with another's is invalid; a disk that fails may come back.
    response.error_code = absl::IsInvalidArgument(topic.status())
                              ? ErrorCode::kInvalidTopicException
                              : ErrorCode::kKafkaStorageError;
    cluster.Log("could not create a topic on demand: " + std::string(topic.status().message()));
  }
  return response;
}

Response DescribeCluster(const Call& call) {
  Response response;
  const Nodes& nodes = call.cluster.nodes();
  for (NodeAddress& node : nodes.AddressesFor(call)) {
    ResponseBroker& broker = response.brokers.emplace_back();
    broker = {node.id, std::move(node.host), node.port, std::nullopt};
    if (nodes.several()) broker.rack = nodes.RackOf(node.id);
  }
  response.cluster_id = call.cluster.cluster_id();
  response.controller_id = nodes.Controller();
  return response;
}

bool AsksForAll(const Call& call, const Request& request) {
  return !request.topics.has_value() || (call.version == 0 && request.topics->empty());
}

// What a request asks for, each once.
struct Wanted {
  std::set<wire::Uuid> ids;  // if there are any, the names count for nothing
  std::set<std::string> names;
};

Wanted WantedBy(const Request& request) {
  Wanted wanted;
  for (const RequestTopic& topic : *request.topics) {
    if (!topic.topic_id.is_zero()) wanted.ids.insert(topic.topic_id);
    // A name that is null is no topic's, as an empty one is none's.
    if (topic.topic_id.is_zero()) wanted.names.insert(topic.name.value_or(""));
  }
  return wanted;
}

bool MayDescribe(const Call& call, std::string_view topic) {
  return May(call, AclOperation::kDescribe, AclResourceType::kTopic, topic);
}

bool MayCreate(const Call& call, std::string_view topic) {
  return May(call, AclOperation::kCreate, AclResourceType::kCluster, kClusterName) ||
         May(call, AclOperation::kCreate, AclResourceType::kTopic, topic);
}

ResponseTopic DescribeById(const Call& call, const wire::Uuid& id) {
  const Topic* const topic = call.cluster.topics().Find(id);
  if (topic != nullptr && MayDescribe(call, topic->name)) {
    return Describe(call.cluster.nodes(), *topic);
  }
  ResponseTopic response;
  response.topic_id = id;
  response.error_code = topic == nullptr ? ErrorCode::kUnknownTopicId
                                         : ErrorCode::kTopicAuthorizationFailed;
  return response;
}

ResponseTopic DescribeByName(const Call& call, const std::string& name, bool may_create) {
  const bool is_new = may_create && call.cluster.topics().Find(name) == nullptr;
  if (MayDescribe(call, name) && (!is_new || MayCreate(call, name))) {
    return DescribeOrCreate(call.cluster, name, may_create);
  }
  ResponseTopic response;
  response.name = name;
  response.error_code = ErrorCode::kTopicAuthorizationFailed;
  return response;
}

void DescribeWanted(const Call& call, const Request& request, Response& response) {
  const Wanted wanted = WantedBy(request);
  for (const wire::Uuid& id : wanted.ids) {
    response.topics.push_back(DescribeById(call, id));
  }
  if (!wanted.ids.empty()) return;
  const bool may_create =
      request.allow_auto_topic_creation && call.cluster.options().auto_create_topics;
  for (const std::string& name : wanted.names) {
    response.topics.push_back(DescribeByName(call, name, may_create));
  }
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response = DescribeCluster(call);
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = AllowedClusterOperations(call);
  }
  if (AsksForAll(call, request)) {
    for (const auto& [name, topic] : call.cluster.topics().topics()) {
      if (!MayDescribe(call, name)) continue;
      response.topics.push_back(Describe(call.cluster.nodes(), *topic));
    }
  } else {
    DescribeWanted(call, request, response);
  }
  if (request.include_topic_authorized_operations) {
    for (ResponseTopic& topic : response.topics) {
      if (topic.error_code != ErrorCode::kNone) continue;
      topic.topic_authorized_operations = AllowedOperations(
          call, kAllTopicOperations, AclResourceType::kTopic, topic.name.value_or(""));
    }
  }
  reply.Send(response);
}

// The error is that of the topics, one by one, and from version 13 on of the whole too.
void Refuse(const Call& call, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response = DescribeCluster(call);
  response.error_code = error;
  const auto refuse = [&](const std::optional<std::string>& name, const wire::Uuid& id) {
    ResponseTopic& topic = response.topics.emplace_back();
    topic.name = name;
    topic.topic_id = id;
    topic.error_code = error;
  };
  if (AsksForAll(call, request)) {
    for (const auto& [name, topic] : call.cluster.topics().topics()) refuse(name, topic->id);
  } else {
    for (const RequestTopic& topic : *request.topics) refuse(topic.name, topic.topic_id);
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_03_metadata = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 3, .name = "Metadata", .min_version = 0, .max_version = 13, .flexible_since = 9});

}  // namespace wherry::kafka
