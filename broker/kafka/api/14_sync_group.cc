// SyncGroup: the leader brings the assignment, everyone else fetches its share of it.
//
// Versions 0-5. v1 brought throttling, v3 static membership (KIP-345), v4 is flexible, v5 repeats
// protocol type and name, which must be the group's.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Assignment {
  std::string member_id;
  wire::Bytes assignment;

  static void Visit(auto& v, auto& m) {
    v.Field("MemberId", m.member_id);
    v.Field("Assignment", m.assignment);
  }
};

struct Request {
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<Assignment> assignments;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Field("GenerationId", m.generation_id);
    v.Field("MemberId", m.member_id);
    v.Since(3).Nullable("GroupInstanceId", m.group_instance_id);
    v.Since(5).Nullable("ProtocolType", m.protocol_type);
    v.Since(5).Nullable("ProtocolName", m.protocol_name);
    v.Array("Assignments", m.assignments);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  wire::Bytes assignment;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Since(5).Nullable("ProtocolType", m.protocol_type);
    v.Since(5).Nullable("ProtocolName", m.protocol_name);
    v.Field("Assignment", m.assignment);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  core::SyncRequest sync;
  sync.claim = {request.group_id, request.generation_id, request.member_id,
                request.group_instance_id, call.connection_id()};
  sync.protocol_type = request.protocol_type;
  sync.protocol_name = request.protocol_name;
  for (const Assignment& assignment : request.assignments) {
    sync.assignments.push_back({assignment.member_id, assignment.assignment.value});
  }
  call.cluster.groups().Sync(std::move(sync),
                             [reply = std::move(reply)](core::SyncResult synced) mutable {
                               Response response;
                               response.error_code = ErrorCodeOf(synced.error);
                               response.protocol_type = std::move(synced.protocol_type);
                               response.protocol_name = std::move(synced.protocol_name);
                               response.assignment.value = std::move(synced.assignment);
                               reply.Send(response);
                             });
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_14_sync_group = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 14, .name = "SyncGroup", .min_version = 0, .max_version = 5, .flexible_since = 4});

}  // namespace wherry::kafka
