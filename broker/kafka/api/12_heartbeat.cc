// Heartbeat: a member is still there, and asks whether it should join again.
//
// Versions 0-4. v1 brought throttling, v3 static membership (KIP-345), v4 is flexible.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Field("GenerationId", m.generation_id);
    v.Field("MemberId", m.member_id);
    v.Since(3).Nullable("GroupInstanceId", m.group_instance_id);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  response.error_code = ErrorCodeOf(call.cluster.groups().Heartbeat(
      {request.group_id, request.generation_id, request.member_id, request.group_instance_id,
       call.connection_id()}));
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_12_heartbeat = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 12, .name = "Heartbeat", .min_version = 0, .max_version = 4, .flexible_since = 4});

}  // namespace wherry::kafka
