// OffsetDelete: forgets committed offsets of a group, of topics that its members do not read
// (KIP-496). Answered once that is kept.
//
// Version 0.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct RequestPartition {
  std::int32_t partition_index = 0;

  static void Visit(auto& v, auto& m) { v.Field("PartitionIndex", m.partition_index); }
};

struct RequestTopic {
  std::string name;
  std::vector<RequestPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::string group_id;
  std::vector<RequestTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Array("Topics", m.topics);
  }
};

struct ResponsePartition {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("ErrorCode", m.error_code);
  }
};

struct ResponseTopic {
  std::string name;
  std::vector<ResponsePartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Response {
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t throttle_time_ms = 0;
  std::vector<ResponseTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  core::GroupCoordinator& groups = call.cluster.groups();
  Response response;
  response.error_code = ErrorCodeOf(groups.CheckDeleteOffsets(request.group_id));
  if (response.error_code != ErrorCode::kNone) return reply.Send(response);
  std::vector<core::OffsetStore::TopicPartition> deleted;
  for (const RequestTopic& topic : request.topics) {
    ErrorCode error = ErrorCode::kNone;
    if (call.cluster.topics().Find(topic.name) == nullptr) {
      error = ErrorCode::kUnknownTopicOrPartition;
    } else if (groups.IsSubscribed(request.group_id, topic.name)) {
      error = ErrorCode::kGroupSubscribedToTopic;
    }
    ResponseTopic& answered = response.topics.emplace_back(ResponseTopic{topic.name, {}});
    for (const RequestPartition& partition : topic.partitions) {
      answered.partitions.push_back({partition.partition_index, error});
      if (error == ErrorCode::kNone) deleted.emplace_back(topic.name, partition.partition_index);
    }
  }
  if (deleted.empty()) return reply.Send(response);
  call.cluster.offsets().DeleteOffsets(
      request.group_id, deleted,
      [response = std::move(response),
       reply = std::move(reply)](const absl::Status& status) mutable {
        if (!status.ok()) response.error_code = ErrorCodeOf(core::GroupError::kStorage);
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_47_offset_delete = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 47, .name = "OffsetDelete", .min_version = 0, .max_version = 0});

}  // namespace wherry::kafka
