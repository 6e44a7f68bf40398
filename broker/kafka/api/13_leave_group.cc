// LeaveGroup: members go, without waiting for their sessions to end.
//
// Versions 0-5. v1 brought throttling, v3 several members, by instance id too (KIP-345), v4 is
// flexible, v5 brought a reason (KIP-800, not kept).

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

constexpr std::int16_t kBatchedSince = 3;

struct MemberIdentity {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> reason;

  static void Visit(auto& v, auto& m) {
    v.Field("MemberId", m.member_id);
    v.Nullable("GroupInstanceId", m.group_instance_id);
    v.Since(5).Nullable("Reason", m.reason);
  }
};

struct Request {
  std::string group_id;
  std::string member_id;
  std::vector<MemberIdentity> members;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Until(2).Field("MemberId", m.member_id);
    v.Since(3).Array("Members", m.members);
  }
};

struct MemberResponse {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("MemberId", m.member_id);
    v.Nullable("GroupInstanceId", m.group_instance_id);
    v.Field("ErrorCode", m.error_code);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<MemberResponse> members;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Since(3).Array("Members", m.members);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  if (request.group_id.empty()) {
    response.error_code = ErrorCode::kInvalidGroupId;
    return reply.Send(response);
  }
  core::GroupCoordinator& groups = call.cluster.groups();
  if (call.version < kBatchedSince) {
    response.error_code =
        ErrorCodeOf(groups.Leave(request.group_id, {{request.member_id, std::nullopt}}).front());
    return reply.Send(response);
  }
  std::vector<core::LeavingMember> leaving;
  for (const MemberIdentity& member : request.members) {
    leaving.push_back({member.member_id, member.group_instance_id});
  }
  const std::vector<core::GroupError> errors = groups.Leave(request.group_id, leaving);
  for (std::size_t i = 0; i < leaving.size(); ++i) {
    response.members.push_back({std::move(leaving[i].member_id), std::move(leaving[i].instance_id),
                                ErrorCodeOf(errors[i])});
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_13_leave_group = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 13, .name = "LeaveGroup", .min_version = 0, .max_version = 5, .flexible_since = 4});

}  // namespace wherry::kafka
