// ConsumerGroupDescribe: the state of groups whose assignment the server makes, with what each
// member has and is to have (KIP-848).
//
// Versions 0-1. v1 brought the kind of a member: 0 joined by JoinGroup, 1 by
// ConsumerGroupHeartbeat.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "broker/kafka/security/admission.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

// READ, DELETE and DESCRIBE, as bits.
constexpr std::int32_t kAllOperations = 1 << 3 | 1 << 6 | 1 << 8;

struct Request {
  std::vector<std::string> group_ids;
  bool include_authorized_operations = false;

  static void Visit(auto& v, auto& m) {
    v.Array("GroupIds", m.group_ids);
    v.Field("IncludeAuthorizedOperations", m.include_authorized_operations);
  }
};

struct TopicPartitions {
  wire::Uuid topic_id;
  std::string topic_name;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("TopicId", m.topic_id);
    v.Field("TopicName", m.topic_name);
    v.Array("Partitions", m.partitions);
  }
};

struct Assignment {
  std::vector<TopicPartitions> topic_partitions;

  static void Visit(auto& v, auto& m) { v.Array("TopicPartitions", m.topic_partitions); }
};

struct Member {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::int32_t member_epoch = 0;
  std::string client_id;
  std::string client_host;
  std::vector<std::string> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex;
  Assignment assignment;
  Assignment target_assignment;
  std::int8_t member_type = -1;

  static void Visit(auto& v, auto& m) {
    v.Field("MemberId", m.member_id);
    v.Nullable("InstanceId", m.instance_id);
    v.Nullable("RackId", m.rack_id);
    v.Field("MemberEpoch", m.member_epoch);
    v.Field("ClientId", m.client_id);
    v.Field("ClientHost", m.client_host);
    v.Array("SubscribedTopicNames", m.subscribed_topic_names);
    v.Nullable("SubscribedTopicRegex", m.subscribed_topic_regex);
    v.Field("Assignment", m.assignment);
    v.Field("TargetAssignment", m.target_assignment);
    v.Since(1).Field("MemberType", m.member_type);
  }
};

struct DescribedGroup {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::string group_id;
  std::string group_state;
  std::int32_t group_epoch = 0;
  std::int32_t assignment_epoch = 0;
  std::string assignor_name;
  std::vector<Member> members;
  std::int32_t authorized_operations = INT32_MIN;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Field("GroupId", m.group_id);
    v.Field("GroupState", m.group_state);
    v.Field("GroupEpoch", m.group_epoch);
    v.Field("AssignmentEpoch", m.assignment_epoch);
    v.Field("AssignorName", m.assignor_name);
    v.Array("Members", m.members);
    v.Field("AuthorizedOperations", m.authorized_operations);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Groups", m.groups);
  }
};

// A topic that is deleted by now has no name, and is not shown.
Assignment Named(const TopicCatalog& topics, const core::PartitionsOfTopics& all) {
  Assignment assignment;
  for (const auto& [id, partitions] : all) {
    const Topic* const topic = topics.Find(wire::Uuid{id});
    if (topic == nullptr) continue;
    assignment.topic_partitions.push_back(
        {topic->id, topic->name, {partitions.begin(), partitions.end()}});
  }
  return assignment;
}

Member Shown(const TopicCatalog& topics, core::ConsumerGroupDescription::Member found) {
  Member member;
  member.member_id = std::move(found.id);
  member.instance_id = std::move(found.instance_id);
  member.rack_id = std::move(found.rack_id);
  member.member_epoch = found.epoch;
  member.client_id = std::move(found.client_id);
  member.client_host = std::move(found.client_host);
  member.subscribed_topic_names.assign(found.topics.begin(), found.topics.end());
  if (!found.pattern.empty()) member.subscribed_topic_regex = std::move(found.pattern);
  member.assignment = Named(topics, found.assigned);
  member.target_assignment = Named(topics, found.target);
  member.member_type = found.classic ? 0 : 1;
  return member;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const core::GroupCoordinator& groups = call.cluster.groups();
  Response response;
  for (const std::string& group_id : request.group_ids) {
    DescribedGroup& group = response.groups.emplace_back();
    group.group_id = group_id;
    std::optional<core::ConsumerGroupDescription> found = groups.DescribeConsumer(group_id);
    if (group_id.empty() || !found.has_value()) {
      const bool classic = groups.Describe(group_id).state != core::GroupState::kDead;
      group.error_code =
          group_id.empty() ? ErrorCode::kInvalidGroupId : ErrorCode::kGroupIdNotFound;
      group.error_message =
          "Group " + group_id + (classic ? " is not a consumer group." : " not found.");
      continue;
    }
    group.group_state = StateName(found->state);
    group.group_epoch = found->epoch;
    group.assignment_epoch = found->assignment_epoch;
    group.assignor_name = std::move(found->assignor);
    for (core::ConsumerGroupDescription::Member& member : found->members) {
      group.members.push_back(Shown(call.cluster.topics(), std::move(member)));
    }
    if (!request.include_authorized_operations) continue;
    group.authorized_operations =
        AllowedOperations(call, kAllOperations, AclResourceType::kGroup, group.group_id);
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const std::string& group_id : request.group_ids) {
    DescribedGroup& group = response.groups.emplace_back();
    group.group_id = group_id;
    group.error_code = error;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_69_consumer_group_describe =
    MakeRow<Request, Response, Handle, Refuse>({.key = 69,
                                                .name = "ConsumerGroupDescribe",
                                                .min_version = 0,
                                                .max_version = 1,
                                                .flexible_since = 0});

}  // namespace wherry::kafka
