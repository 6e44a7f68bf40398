// DeleteGroups: empty groups, with their committed offsets.
//
// Versions 0-3. v2 is flexible, v3 brought an error message.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::vector<std::string> groups_names;

  static void Visit(auto& v, auto& m) { v.Array("GroupsNames", m.groups_names); }
};

struct Result {
  std::string group_id;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Field("ErrorCode", m.error_code);
    v.Since(3).Nullable("ErrorMessage", m.error_message);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Results", m.results);
  }
};

// What producers have committed for the group in open transactions would bring it back.
void DropPending(Cluster& cluster, const std::string& group_id) {
  storage::CommitBatch batch;
  core::CommitQueue::Done staged = cluster.pending_offsets().DeleteGroup(group_id, batch);
  if (!batch.empty()) cluster.commits().Submit(std::move(batch), std::move(staged));
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  for (const std::string& group_id : request.groups_names) {
    const std::size_t index = gathered->response.results.size();
    gathered->response.results.push_back({group_id, ErrorCode::kNone, std::nullopt});
    gathered->Owe();
    call.cluster.groups().Delete(
        group_id, [gathered, index, group_id, &cluster = call.cluster](core::GroupError error) {
          Result& result = gathered->response.results[index];
      result.error_code = ErrorCodeOf(error);
      if (error == core::GroupError::kNonEmptyGroup) {
        result.error_message = "The group is not empty.";
      } else if (error == core::GroupError::kGroupNotFound) {
        result.error_message = "Group " + result.group_id + " not found.";
      }
          if (error == core::GroupError::kNone) DropPending(cluster, group_id);
          gathered->Pay();
        });
  }
  gathered->Pay();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const std::string& group_id : request.groups_names) {
    response.results.push_back({group_id, error, std::nullopt});
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_42_delete_groups = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 42, .name = "DeleteGroups", .min_version = 0, .max_version = 3, .flexible_since = 2});

}  // namespace wherry::kafka
