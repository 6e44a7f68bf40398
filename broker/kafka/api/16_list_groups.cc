// ListGroups: every group, or those in some states and of some types.
//
// Versions 0-5. v1 brought throttling, v3 is flexible, v4 brought states (KIP-518), v5 types
// (KIP-848): "classic" and "consumer".

#include <algorithm>

#include "absl/strings/match.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::vector<std::string> states_filter;
  std::vector<std::string> types_filter;

  static void Visit(auto& v, auto& m) {
    v.Since(4).Array("StatesFilter", m.states_filter);
    v.Since(5).Array("TypesFilter", m.types_filter);
  }
};

struct ListedGroup {
  std::string group_id;
  std::string protocol_type;
  std::string group_state;
  std::string group_type;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Field("ProtocolType", m.protocol_type);
    v.Since(4).Field("GroupState", m.group_state);
    v.Since(5).Field("GroupType", m.group_type);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ListedGroup> groups;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Array("Groups", m.groups);
  }
};

bool Passes(const std::vector<std::string>& filter, const std::string& value) {
  return filter.empty() || std::any_of(filter.begin(), filter.end(), [&](const std::string& word) {
           return absl::EqualsIgnoreCase(word, value);
         });
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  const bool sees_all =
      May(call, AclOperation::kDescribe, AclResourceType::kCluster, kClusterName);
  for (core::GroupListing& group : call.cluster.groups().List()) {
    if (call.cluster.nodes().CoordinatorOf(group.group_id) != call.node.id) continue;
    if (!sees_all &&
        !May(call, AclOperation::kDescribe, AclResourceType::kGroup, group.group_id)) {
      continue;
    }
    const std::string state = StateName(group.state);
    const std::string kind = KindName(group.kind);
    if (!Passes(request.states_filter, state) || !Passes(request.types_filter, kind)) continue;
    response.groups.push_back(
        {std::move(group.group_id), std::move(group.protocol_type), state, kind});
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_16_list_groups = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 16, .name = "ListGroups", .min_version = 0, .max_version = 5, .flexible_since = 3});

}  // namespace wherry::kafka
