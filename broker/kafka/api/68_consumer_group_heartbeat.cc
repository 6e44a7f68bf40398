// ConsumerGroupHeartbeat: a member of a group whose assignment the server makes joins, stays, is
// told its partitions, says which it has let go of, and leaves (KIP-848).
//
// Versions 0-1. v1 brought subscriptions by pattern (RE2's syntax) and has clients make their own
// member ids. Answered once what it has changed is kept.
// Not implemented: racks have no influence on the assignment (there is one).

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

constexpr std::int16_t kClientMakesIdSince = 1;

struct TopicPartitions {
  wire::Uuid topic_id;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::string group_id;
  std::string member_id;
  std::int32_t member_epoch = 0;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::vector<std::string>> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex;
  std::optional<std::string> server_assignor;
  std::optional<std::vector<TopicPartitions>> topic_partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Field("MemberId", m.member_id);
    v.Field("MemberEpoch", m.member_epoch);
    v.Nullable("InstanceId", m.instance_id);
    v.Nullable("RackId", m.rack_id);
    v.Field("RebalanceTimeoutMs", m.rebalance_timeout_ms);
    v.Nullable("SubscribedTopicNames", m.subscribed_topic_names);
    v.Since(1).Nullable("SubscribedTopicRegex", m.subscribed_topic_regex);
    v.Nullable("ServerAssignor", m.server_assignor);
    v.Nullable("TopicPartitions", m.topic_partitions);
  }
};

struct Assignment {
  std::vector<TopicPartitions> topic_partitions;

  static void Visit(auto& v, auto& m) { v.Array("TopicPartitions", m.topic_partitions); }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::optional<std::string> member_id;
  std::int32_t member_epoch = 0;
  std::int32_t heartbeat_interval_ms = 0;
  std::optional<Assignment> assignment;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Nullable("MemberId", m.member_id);
    v.Field("MemberEpoch", m.member_epoch);
    v.Field("HeartbeatIntervalMs", m.heartbeat_interval_ms);
    v.Nullable("Assignment", m.assignment);
  }
};

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

const char* WhatIsWrongWithJoining(const Request& request) {
  if (request.rebalance_timeout_ms == -1) {
    return "RebalanceTimeoutMs must be provided in first request.";
  }
  if (!request.topic_partitions.has_value() || !request.topic_partitions->empty()) {
    return "TopicPartitions must be empty when (re-)joining.";
  }
  if (!request.subscribed_topic_names.has_value() && !request.subscribed_topic_regex.has_value()) {
    return "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when "
           "(re-)joining.";
  }
  return nullptr;
}

// In Kafka's words; null: nothing.
const char* WhatIsWrong(const Call& call, const Request& request) {
  if (IsBlank(request.group_id)) return "GroupId can't be empty.";
  if (request.instance_id.has_value() && IsBlank(*request.instance_id)) {
    return "InstanceId can't be empty.";
  }
  if (request.rack_id.has_value() && IsBlank(*request.rack_id)) return "RackId can't be empty.";
  const bool needs_id =
      call.version >= kClientMakesIdSince || request.member_epoch != core::kJoinEpoch;
  if (needs_id && IsBlank(request.member_id)) return "MemberId can't be empty.";
  if (request.member_epoch == core::kJoinEpoch) return WhatIsWrongWithJoining(request);
  if (request.member_epoch < core::kLeaveForNowEpoch) return "MemberEpoch is invalid.";
  if (request.member_epoch == core::kLeaveForNowEpoch && !request.instance_id.has_value()) {
    return "InstanceId can't be null.";
  }
  return nullptr;
}

core::ConsumerHeartbeat Understood(const Call& call, const Request& request) {
  core::ConsumerHeartbeat heartbeat;
  heartbeat.group_id = request.group_id;
  heartbeat.member_id = request.member_id;
  heartbeat.epoch = request.member_epoch;
  heartbeat.instance_id = request.instance_id;
  heartbeat.client_id = std::string(call.client_id);
  heartbeat.client_host = "/" + call.remote.host();
  heartbeat.rack_id = request.rack_id;
  if (request.rebalance_timeout_ms >= 0) {
    heartbeat.rebalance_timeout = std::chrono::milliseconds(request.rebalance_timeout_ms);
  }
  if (request.subscribed_topic_names.has_value()) {
    heartbeat.topics.emplace(request.subscribed_topic_names->begin(),
                             request.subscribed_topic_names->end());
  }
  heartbeat.pattern = request.subscribed_topic_regex;
  heartbeat.assignor = request.server_assignor;
  if (request.topic_partitions.has_value()) {
    heartbeat.owned.emplace();
    for (const TopicPartitions& topic : *request.topic_partitions) {
      if (topic.partitions.empty()) continue;
      (*heartbeat.owned)[topic.topic_id.bytes].insert(topic.partitions.begin(),
                                                      topic.partitions.end());
    }
  }
  heartbeat.connection = call.connection_id();
  return heartbeat;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  if (const char* const wrong = WhatIsWrong(call, request); wrong != nullptr) {
    Response response;
    response.error_code = ErrorCode::kInvalidRequest;
    response.error_message = wrong;
    return reply.Send(response);
  }
  call.cluster.groups().Heartbeat(
      Understood(call, request),
      [reply = std::move(reply)](core::ConsumerHeartbeatResult result) mutable {
        Response response;
        response.error_code = ErrorCodeOf(result.error);
        if (result.error != core::GroupError::kNone) {
          response.error_message = std::move(result.message);
          return reply.Send(response);
        }
        response.member_id = std::move(result.member_id);
        response.member_epoch = result.epoch;
        response.heartbeat_interval_ms = static_cast<std::int32_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(result.interval).count());
        if (result.assignment.has_value()) {
          response.assignment.emplace();
          for (const auto& [topic, partitions] : *result.assignment) {
            response.assignment->topic_partitions.push_back(
                {wire::Uuid{topic}, {partitions.begin(), partitions.end()}});
          }
        }
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_68_consumer_group_heartbeat =
    MakeRow<Request, Response, Handle, Refuse>({.key = 68,
                                                .name = "ConsumerGroupHeartbeat",
                                                .min_version = 0,
                                                .max_version = 1,
                                                .flexible_since = 0});

}  // namespace wherry::kafka
