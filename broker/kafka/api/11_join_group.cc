// JoinGroup: a member comes, or comes again; answered when the group's members have joined.
//
// Versions 0-9. v1 brought the rebalance timeout, v2 throttling, v4 the member id that a new member
// must join with (KIP-394), v5 static members (KIP-345), v6 is flexible, v7 names the protocol
// type, v8 brought a reason (KIP-800, not kept), v9 "skip assignment" (KIP-814).

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

constexpr std::int16_t kMemberIdRequiredSince = 4;
constexpr std::int16_t kSkipAssignmentSince = 9;

struct Protocol {
  std::string name;
  wire::Bytes metadata;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("Metadata", m.metadata);
  }
};

struct Request {
  std::string group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string protocol_type;
  std::vector<Protocol> protocols;
  std::optional<std::string> reason;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Field("SessionTimeoutMs", m.session_timeout_ms);
    v.Since(1).Field("RebalanceTimeoutMs", m.rebalance_timeout_ms);
    v.Field("MemberId", m.member_id);
    v.Since(5).Nullable("GroupInstanceId", m.group_instance_id);
    v.Field("ProtocolType", m.protocol_type);
    v.Array("Protocols", m.protocols);
    v.Since(8).Nullable("Reason", m.reason);
  }
};

struct Member {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  wire::Bytes metadata;

  static void Visit(auto& v, auto& m) {
    v.Field("MemberId", m.member_id);
    v.Since(5).Nullable("GroupInstanceId", m.group_instance_id);
    v.Field("Metadata", m.metadata);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<Member> members;

  static void Visit(auto& v, auto& m) {
    v.Since(2).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Field("GenerationId", m.generation_id);
    v.Since(7).Nullable("ProtocolType", m.protocol_type);
    v.NullableSince(7, "ProtocolName", m.protocol_name);
    v.Field("Leader", m.leader);
    v.Since(9).Field("SkipAssignment", m.skip_assignment);
    v.Field("MemberId", m.member_id);
    v.Array("Members", m.members);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  core::JoinRequest join;
  join.group_id = request.group_id;
  join.member_id = request.member_id;
  join.instance_id = request.group_instance_id;
  join.client_id = std::string(call.client_id);
  join.client_host = "/" + call.remote.host();
  join.protocol_type = request.protocol_type;
  for (const Protocol& protocol : request.protocols) {
    join.protocols.push_back({protocol.name, protocol.metadata.value});
  }
  join.session_timeout = std::chrono::milliseconds(request.session_timeout_ms);
  join.rebalance_timeout = std::chrono::milliseconds(
      call.version >= 1 ? request.rebalance_timeout_ms : request.session_timeout_ms);
  join.require_member_id = call.version >= kMemberIdRequiredSince;
  join.can_skip_assignment = call.version >= kSkipAssignmentSince;
  join.connection = call.connection_id();
  call.cluster.groups().Join(
      std::move(join), [reply = std::move(reply)](core::JoinResult joined) mutable {
        Response response;
        response.error_code = ErrorCodeOf(joined.error);
        response.generation_id = joined.generation;
        response.protocol_type = std::move(joined.protocol_type);
        response.protocol_name = std::move(joined.protocol_name);
        response.leader = std::move(joined.leader);
        response.skip_assignment = joined.skip_assignment;
        response.member_id = std::move(joined.member_id);
        for (core::JoinResult::Member& member : joined.members) {
          response.members.push_back({std::move(member.member_id), std::move(member.instance_id),
                                      wire::Bytes{std::move(member.metadata)}});
        }
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  response.member_id = request.member_id;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_11_join_group = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 11, .name = "JoinGroup", .min_version = 0, .max_version = 9, .flexible_since = 6});

}  // namespace wherry::kafka
