// DescribeGroups: the state and the members of several classic groups. One of the other kind is not
// found here: ConsumerGroupDescribe has those.
//
// Versions 0-6. v1 brought throttling, v3 authorized operations (KIP-430; nobody is refused any),
// v4 instance ids, v5 is flexible, v6 answers GROUP_ID_NOT_FOUND, where older ones say "Dead".

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

constexpr std::int16_t kNotFoundSince = 6;
// READ, DELETE and DESCRIBE, as bits.
constexpr std::int32_t kAllOperations = 1 << 3 | 1 << 6 | 1 << 8;

struct Request {
  std::vector<std::string> groups;
  bool include_authorized_operations = false;

  static void Visit(auto& v, auto& m) {
    v.Array("Groups", m.groups);
    v.Since(3).Field("IncludeAuthorizedOperations", m.include_authorized_operations);
  }
};

struct Member {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  wire::Bytes member_metadata;
  wire::Bytes member_assignment;

  static void Visit(auto& v, auto& m) {
    v.Field("MemberId", m.member_id);
    v.Since(4).Nullable("GroupInstanceId", m.group_instance_id);
    v.Field("ClientId", m.client_id);
    v.Field("ClientHost", m.client_host);
    v.Field("MemberMetadata", m.member_metadata);
    v.Field("MemberAssignment", m.member_assignment);
  }
};

struct DescribedGroup {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::string group_id;
  std::string group_state;
  std::string protocol_type;
  std::string protocol_data;
  std::vector<Member> members;
  std::int32_t authorized_operations = INT32_MIN;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Since(6).Nullable("ErrorMessage", m.error_message);
    v.Field("GroupId", m.group_id);
    v.Field("GroupState", m.group_state);
    v.Field("ProtocolType", m.protocol_type);
    v.Field("ProtocolData", m.protocol_data);
    v.Array("Members", m.members);
    v.Since(3).Field("AuthorizedOperations", m.authorized_operations);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Groups", m.groups);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  for (const std::string& group_id : request.groups) {
    core::GroupDescription found = call.cluster.groups().Describe(group_id);
    const bool is_classic = found.kind == core::GroupKind::kClassic;
    if (!is_classic) found = core::GroupDescription();
    DescribedGroup& group = response.groups.emplace_back();
    group.group_id = group_id;
    group.group_state = StateName(found.state);
    group.protocol_type = std::move(found.protocol_type);
    group.protocol_data = std::move(found.protocol_name);
    if (request.include_authorized_operations) {
      group.authorized_operations = AllowedOperations(call, kAllOperations, AclResourceType::kGroup,
                                                      group_id);
    }
    if (found.state == core::GroupState::kDead && call.version >= kNotFoundSince) {
      group.error_code = ErrorCode::kGroupIdNotFound;
      group.error_message =
          "Group " + group_id + (is_classic ? " not found." : " is not a classic group.");
    }
    for (core::GroupDescription::Member& member : found.members) {
      group.members.push_back({std::move(member.member_id), std::move(member.instance_id),
                               std::move(member.client_id), std::move(member.client_host),
                               wire::Bytes{std::move(member.metadata)},
                               wire::Bytes{std::move(member.assignment)}});
    }
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const std::string& group_id : request.groups) {
    DescribedGroup& group = response.groups.emplace_back();
    group.group_id = group_id;
    group.error_code = error;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_15_describe_groups = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 15, .name = "DescribeGroups", .min_version = 0, .max_version = 6, .flexible_since = 5});

}  // namespace wherry::kafka
