// ElectLeaders: gives partitions their preferred leader, or any where they have none.
//
// Versions 0-2. v1 brought the kind of election (KIP-460), v2 is flexible.

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct AskedTopic {
  std::string topic;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Topic", m.topic);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::int8_t election_type = 0;
  std::optional<std::vector<AskedTopic>> topic_partitions;  // nullopt: all
  std::int32_t timeout_ms = 60'000;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ElectionType", m.election_type);
    v.Nullable("TopicPartitions", m.topic_partitions);
    v.Field("TimeoutMs", m.timeout_ms);
  }
};

struct PartitionResult {
  std::int32_t partition_id = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionId", m.partition_id);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
  }
};

struct TopicResult {
  std::string topic;
  std::vector<PartitionResult> partition_result;

  static void Visit(auto& v, auto& m) {
    v.Field("Topic", m.topic);
    v.Array("PartitionResult", m.partition_result);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<TopicResult> replica_election_results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Since(1).Field("ErrorCode", m.error_code);
    v.Array("ReplicaElectionResults", m.replica_election_results);
  }
};

constexpr std::int8_t kPreferred = 0, kUnclean = 1;  // what is to be elected

// In Kafka's words.
PartitionResult ResultOf(Leaders::Election election, const std::string& topic,
                         std::int32_t partition) {
  switch (election) {
    case Leaders::Election::kHeld:
      return {partition, ErrorCode::kNone, std::nullopt};
    case Leaders::Election::kPreferredIsDown:
      return {partition, ErrorCode::kPreferredLeaderNotAvailable,
              absl::StrCat("Failed to elect leader for partition ", topic, "-", partition,
                           " under strategy PreferredReplicaPartitionLeaderElectionStrategy")};
    case Leaders::Election::kAllAreDown:
      return {partition, ErrorCode::kEligibleLeadersNotAvailable,
              absl::StrCat("Failed to elect leader for partition ", topic, "-", partition,
                           " under strategy OfflinePartitionLeaderElectionStrategy")};
    case Leaders::Election::kNotNeeded:
      break;
  }
  return {partition, ErrorCode::kElectionNotNeeded,
          "Leader election not needed for topic partition."};
}

PartitionResult Elect(Leaders& leaders, Topic* topic, std::int8_t type,
                      const AskedTopic& asked, std::int32_t partition) {
  if (topic == nullptr) {
    return {partition, ErrorCode::kUnknownTopicOrPartition,
            absl::StrCat("No such topic as ", asked.topic)};
  }
  if (topic->partition(partition) == nullptr) {
    return {partition, ErrorCode::kUnknownTopicOrPartition,
            absl::StrCat("No such partition as ", asked.topic, "-", partition)};
  }
  const Leaders::Election election = type == kPreferred
                                         ? leaders.ElectPreferred(*topic, partition)
                                         : leaders.ElectAny(*topic, partition);
  return ResultOf(election, asked.topic, partition);
}

// Of all partitions, Kafka answers only those that an election was needed for.
void ElectEverywhere(Cluster& cluster, std::int8_t type, Response& response) {
  for (const auto& [name, topic] : cluster.topics().topics()) {
    AskedTopic asked{name, {}};
    TopicResult& result = response.replica_election_results.emplace_back(TopicResult{name, {}});
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    for (std::int32_t partition = 0; partition < count; ++partition) {
      PartitionResult elected = Elect(cluster.leaders(), topic.get(), type, asked, partition);
      if (elected.error_code == ErrorCode::kElectionNotNeeded) continue;
      result.partition_result.push_back(std::move(elected));
    }
  }
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  if (request.election_type != kPreferred && request.election_type != kUnclean) {
    response.error_code = ErrorCode::kInvalidRequest;
    return reply.Send(response);
  }
  Leaders& leaders = call.cluster.leaders();
  if (!request.topic_partitions.has_value()) {
    ElectEverywhere(call.cluster, request.election_type, response);
  } else {
    for (const AskedTopic& asked : *request.topic_partitions) {
      Topic* const topic = call.cluster.topics().Find(asked.topic);
      TopicResult& result = response.replica_election_results.emplace_back();
      result.topic = asked.topic;
      for (const std::int32_t partition : asked.partitions) {
        result.partition_result.push_back(
            Elect(leaders, topic, request.election_type, asked, partition));
      }
    }
  }
  leaders.Keep([reply = std::move(reply), response = std::move(response)](
                   const absl::Status& status) mutable {
    if (!status.ok()) response.error_code = ErrorCode::kKafkaStorageError;
    reply.Send(response);
  });
}

void Refuse(const Call& call, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  const auto refuse = [&](const std::string& topic, std::int32_t partition) {
    std::vector<TopicResult>& results = response.replica_election_results;
    if (results.empty() || results.back().topic != topic) results.push_back({topic, {}});
    results.back().partition_result.push_back({partition, error, std::nullopt});
  };
  if (request.topic_partitions.has_value()) {
    for (const AskedTopic& asked : *request.topic_partitions) {
      for (const std::int32_t partition : asked.partitions) refuse(asked.topic, partition);
    }
    return reply.Send(response);
  }
  for (const auto& [name, topic] : call.cluster.topics().topics()) {
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    for (std::int32_t partition = 0; partition < count; ++partition) refuse(name, partition);
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_43_elect_leaders = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 43, .name = "ElectLeaders", .min_version = 0, .max_version = 2, .flexible_since = 2});

}  // namespace wherry::kafka
