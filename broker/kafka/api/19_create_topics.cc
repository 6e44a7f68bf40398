// CreateTopics: several topics, each with its partitions and configuration.
//
// Versions 2-7. v4 allows -1 for the broker's defaults (KIP-464), v5 answers the configuration in
// force (KIP-525) and is flexible, v7 answers the topic's id (KIP-516).
// Unless the cluster is strict, a replication factor above the number of nodes is accepted and
// means as many as there are: tests written for a cluster ask for 3 of the only node. Manual
// assignments may name other brokers in the same spirit.

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Assignment {
  std::int32_t partition_index = 0;
  std::vector<std::int32_t> broker_ids;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Array("BrokerIds", m.broker_ids);
  }
};

struct RequestConfig {
  std::string name;
  std::optional<std::string> value;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Nullable("Value", m.value);
  }
};

struct CreatableTopic {
  std::string name;
  std::int32_t num_partitions = 0;
  std::int16_t replication_factor = 0;
  std::vector<Assignment> assignments;
  std::vector<RequestConfig> configs;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("NumPartitions", m.num_partitions);
    v.Field("ReplicationFactor", m.replication_factor);
    v.Array("Assignments", m.assignments);
    v.Array("Configs", m.configs);
  }
};

struct Request {
  std::vector<CreatableTopic> topics;
  std::int32_t timeout_ms = 60'000;
  bool validate_only = false;

  static void Visit(auto& v, auto& m) {
    v.Array("Topics", m.topics);
    v.Field("timeoutMs", m.timeout_ms);
    v.Since(1).Field("validateOnly", m.validate_only);
  }
};

struct ResponseConfig {
  std::string name;
  std::optional<std::string> value;
  bool read_only = false;
  std::int8_t config_source = -1;
  bool is_sensitive = false;

  static void Visit(auto& v, auto& m) {
    v.Since(5).Field("Name", m.name);
    v.Since(5).Nullable("Value", m.value);
    v.Since(5).Field("ReadOnly", m.read_only);
    v.Since(5).Field("ConfigSource", m.config_source);
    v.Since(5).Field("IsSensitive", m.is_sensitive);
  }
};

struct TopicResult {
  std::string name;
  wire::Uuid topic_id;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::int16_t topic_config_error_code = 0;
  std::int32_t num_partitions = -1;
  std::int16_t replication_factor = -1;
  std::optional<std::vector<ResponseConfig>> configs = std::vector<ResponseConfig>();

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Since(7).Field("TopicId", m.topic_id);
    v.Field("ErrorCode", m.error_code);
    v.Since(1).Nullable("ErrorMessage", m.error_message);
    v.Since(5).Tagged(0, "TopicConfigErrorCode", m.topic_config_error_code);
    v.Since(5).Field("NumPartitions", m.num_partitions);
    v.Since(5).Field("ReplicationFactor", m.replication_factor);
    v.Since(5).Nullable("Configs", m.configs);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> topics;

  static void Visit(auto& v, auto& m) {
    v.Since(2).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

constexpr std::int16_t kReplicationFactor = 1;

void Fail(TopicResult& result, ErrorCode error, std::string message) {
  result.error_code = error;
  result.error_message = std::move(message);
}

void Fail(TopicResult& result, const absl::Status& status) {
  ErrorCode error = ErrorCode::kKafkaStorageError;
  if (absl::IsInvalidArgument(status)) error = ErrorCode::kInvalidTopicException;
  if (absl::IsAlreadyExists(status)) error = ErrorCode::kTopicAlreadyExists;
  if (absl::IsOutOfRange(status)) error = ErrorCode::kInvalidPartitions;
  Fail(result, error, std::string(status.message()));
}

// What is wrong with the partitions' assignment to brokers, in Kafka's words; "": nothing.
std::string FaultOf(const Nodes& nodes, const CreatableTopic& topic) {
  constexpr std::string_view kManual = "A manual partition assignment was specified, but ";
  if (topic.replication_factor != -1) {
    return absl::StrCat(std::string(kManual), "replication factor was not set to -1.");
  }
  if (topic.num_partitions != -1) {
    return absl::StrCat(std::string(kManual), "numPartitions was not set to -1.");
  }
  std::set<std::int32_t> indexes;
  const std::size_t replicas = topic.assignments.front().broker_ids.size();
  for (const Assignment& assignment : topic.assignments) {
    if (!indexes.insert(assignment.partition_index).second) {
      return absl::StrCat("Found multiple manual partition assignments for partition ",
                          assignment.partition_index);
    }
    const std::vector<std::int32_t>& brokers = assignment.broker_ids;
    std::string fault = nodes.FaultOf(brokers, nodes.strict());
    if (!fault.empty()) return fault;
    if (brokers.size() != replicas) {
      return absl::StrCat("The manual partition assignment includes a partition with ",
                          brokers.size(),
                          " replica(s), but this is not consistent with previous partitions, which "
                          "have ", replicas, " replica(s).");
    }
  }
  const bool consecutive = *indexes.begin() == 0 &&
                           *indexes.rbegin() == static_cast<std::int32_t>(indexes.size()) - 1;
  return consecutive ? "" : "partitions should be a consecutive 0-based integer sequence";
}

// The number of partitions that is asked for; nullopt: `result` says what is wrong.
std::optional<std::int32_t> PartitionsOf(const Cluster& cluster, const CreatableTopic& topic,
                                         TopicResult& result) {
  if (topic.assignments.empty()) {
    const bool by_default = topic.replication_factor == -1;
    std::string fault = by_default ? "" : cluster.nodes().FaultOf(topic.replication_factor);
    if (!fault.empty()) {
      Fail(result, ErrorCode::kInvalidReplicationFactor, std::move(fault));
      return std::nullopt;
    }
    return topic.num_partitions == -1 ? cluster.options().default_partitions
                                      : topic.num_partitions;
  }
  const std::string fault = FaultOf(cluster.nodes(), topic);
  if (fault.empty()) return static_cast<std::int32_t>(topic.assignments.size());
  const bool contradicts = topic.num_partitions != -1 || topic.replication_factor != -1;
  Fail(result,
       contradicts ? ErrorCode::kInvalidRequest : ErrorCode::kInvalidReplicaAssignment, fault);
  return std::nullopt;
}

// How many replicas are asked for, of which there may be fewer.
std::int16_t ReplicasOf(const CreatableTopic& topic) {
  if (topic.assignments.empty()) return std::max(topic.replication_factor, kReplicationFactor);
  return static_cast<std::int16_t>(topic.assignments.front().broker_ids.size());
}

std::optional<ConfigOverrides> ConfigsOf(const CreatableTopic& topic, TopicResult& result) {
  ConfigOverrides configs;
  for (const RequestConfig& config : topic.configs) {
    if (!config.value.has_value()) {
      Fail(result, ErrorCode::kInvalidConfig,
           absl::StrCat("Null value not supported for topic configs: ", config.name));
      return std::nullopt;
    }
    configs[config.name] = *config.value;
  }
  if (absl::Status status = CheckTopicConfigs(configs); !status.ok()) {
    Fail(result, ErrorCode::kInvalidConfig, std::string(status.message()));
    return std::nullopt;
  }
  return configs;
}

void Describe(const Configurations& configurations, std::int32_t partitions,
              std::int16_t replicas, const ConfigOverrides& configs, TopicResult& result) {
  result.num_partitions = partitions;
  result.replication_factor = replicas;
  result.configs.emplace();
  for (const ConfigDefinition& config : TopicConfigs()) {
    ResponseConfig& described = result.configs->emplace_back();
    described.name = config.name;
    described.value = configurations.InForce(config, configs);
    const std::vector<ConfigValue> values =
        configurations.Values(config, configs, ConfigSource::kTopic);
    described.config_source =
        static_cast<std::int8_t>(values.empty() ? ConfigSource::kDefault : values.front().source);
  }
}

// Puts the new topic's partitions where the request wants them, if there are such nodes.
void Assign(Cluster& cluster, const CreatableTopic& asked, Topic& topic,
            const std::shared_ptr<Gathered<Response>>& gathered) {
  if (asked.assignments.empty() || !cluster.nodes().several()) return;
  for (const Assignment& assignment : asked.assignments) {
    cluster.leaders().Assign(topic, assignment.partition_index, assignment.broker_ids);
  }
  gathered->Owe();
  // It goes the way of the topic itself, who tells of a failure.
  cluster.leaders().Keep([gathered](const absl::Status&) { gathered->Pay(); });
}

void CreateOne(Cluster& cluster, const CreatableTopic& topic, bool validate_only,
               const std::shared_ptr<Gathered<Response>>& gathered, std::size_t index) {
  TopicResult& result = gathered->response.topics[index];
  const std::optional<std::int32_t> partitions =
      PartitionsOf(cluster, topic, result);
  if (!partitions.has_value()) return;
  if (absl::Status status = cluster.topics().CheckCreate(topic.name, *partitions); !status.ok()) {
    return Fail(result, status);
  }
  std::optional<ConfigOverrides> configs = ConfigsOf(topic, result);
  if (!configs.has_value()) return;
  const auto nodes = static_cast<std::int16_t>(cluster.nodes().count());
  Describe(cluster.configurations(), *partitions, std::min(ReplicasOf(topic), nodes), *configs,
           result);
  if (validate_only) return;
  gathered->Owe();
  const auto created = cluster.topics().Create(
      topic.name, *partitions, *std::move(configs),
      [gathered, index](const absl::Status& status) {
        if (!status.ok()) Fail(gathered->response.topics[index], status);
        gathered->Pay();
      },
      ReplicasOf(topic));
  if (created.ok()) {
    result.topic_id = (*created)->id;
    Assign(cluster, topic, **created, gathered);
  } else {
    Fail(result, created.status());
    gathered->Pay();
  }
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  std::map<std::string_view, int> times;
  for (const CreatableTopic& topic : request.topics) ++times[topic.name];
  // A name that stands twice is refused, once.
  for (const CreatableTopic& topic : request.topics) {
    if (times[topic.name] == 0) continue;
    TopicResult& result = gathered->response.topics.emplace_back();
    result.name = topic.name;
    if (times[topic.name] == 1) continue;
    Fail(result, ErrorCode::kInvalidRequest, "Duplicate topic name.");
    times[topic.name] = 0;
  }
  for (std::size_t i = 0; i < gathered->response.topics.size(); ++i) {
    if (gathered->response.topics[i].error_code != ErrorCode::kNone) continue;
    for (const CreatableTopic& topic : request.topics) {
      if (topic.name != gathered->response.topics[i].name) continue;
      CreateOne(call.cluster, topic, request.validate_only, gathered, i);
      break;
    }
  }
  gathered->Pay();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const CreatableTopic& topic : request.topics) {
    TopicResult& result = response.topics.emplace_back();
    result.name = topic.name;
    result.error_code = error;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_19_create_topics = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 19, .name = "CreateTopics", .min_version = 2, .max_version = 7, .flexible_since = 5});

}  // namespace wherry::kafka
