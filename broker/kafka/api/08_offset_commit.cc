// OffsetCommit: how far a group has come in several partitions; answered once it is kept.
//
// Versions 2-10. v5 dropped the retention time, v6 brought leader epochs, v7 static membership
// (KIP-345), v8 is flexible, v9 is the first for members of KIP-848's groups, v10 has topic ids
// instead of names (KIP-516). v2-4's retention time is ignored: it is the same
// for all (GroupSettings).

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

// As Kafka's offset.metadata.max.bytes.
constexpr std::size_t kMaxMetadataSize = 4096;
constexpr std::int16_t kMemberEpochsSince = 9;
constexpr std::int16_t kTopicIdsSince = 10;

struct RequestPartition {
  std::int32_t partition_index = 0;
  std::int64_t committed_offset = 0;
  std::int32_t committed_leader_epoch = -1;
  std::optional<std::string> committed_metadata;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("CommittedOffset", m.committed_offset);
    v.Since(6).Field("CommittedLeaderEpoch", m.committed_leader_epoch);
    v.Nullable("CommittedMetadata", m.committed_metadata);
  }
};

struct RequestTopic {
  std::string name;
  wire::Uuid topic_id;
  std::vector<RequestPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Until(9).Field("Name", m.name);
    v.Since(10).Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_time_ms = -1;
  std::vector<RequestTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("GroupId", m.group_id);
    v.Since(1).Field("GenerationIdOrMemberEpoch", m.generation_id);
    v.Since(1).Field("MemberId", m.member_id);
    v.Since(7).Nullable("GroupInstanceId", m.group_instance_id);
    v.Since(2).Until(4).Field("RetentionTimeMs", m.retention_time_ms);
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
  wire::Uuid topic_id;
  std::vector<ResponsePartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Until(9).Field("Name", m.name);
    v.Since(10).Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<ResponseTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Since(3).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

ErrorCode Check(const Call& call, const Topic* topic, const RequestPartition& asked) {
  if (topic == nullptr && call.version >= kTopicIdsSince) return ErrorCode::kUnknownTopicId;
  if (topic == nullptr || topic->partition(asked.partition_index) == nullptr) {
    return ErrorCode::kUnknownTopicOrPartition;
  }
  const bool too_large =
      asked.committed_metadata.has_value() && asked.committed_metadata->size() > kMaxMetadataSize;
  return too_large ? ErrorCode::kOffsetMetadataTooLarge : ErrorCode::kNone;
}

ErrorCode Failure(const absl::Status& status) {
  if (status.ok()) return ErrorCode::kNone;
  if (absl::IsResourceExhausted(status)) return ErrorCode::kInvalidCommitOffsetSize;
  return ErrorCodeOf(core::GroupError::kStorage);
}

ErrorCode CheckSender(const Call& call, const Request& request) {
  core::GroupCoordinator& groups = call.cluster.groups();
  const bool knows_member_epochs = call.version >= kMemberEpochsSince;
  core::MemberClaim claim{request.group_id, request.generation_id, request.member_id,
                          request.group_instance_id, call.connection_id()};
  claim.knows_member_epochs = knows_member_epochs;
  const core::GroupError error = groups.ValidateCommit(claim);
  const bool no_group = error == core::GroupError::kIllegalGeneration && knows_member_epochs &&
                        groups.Describe(request.group_id).state == core::GroupState::kDead;
  return no_group ? ErrorCode::kGroupIdNotFound : ErrorCodeOf(error);
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const ErrorCode refused = CheckSender(call, request);
  const std::int64_t now = call.cluster.home().clock().UnixMillis();
  Response response;
  std::vector<core::OffsetStore::Entry> entries;
  for (const RequestTopic& asked_topic : request.topics) {
    const Topic* const topic =
        call.cluster.topics().Find(asked_topic.topic_id, asked_topic.name);
    ResponseTopic& answered = response.topics.emplace_back(
        ResponseTopic{asked_topic.name, asked_topic.topic_id, {}});
    for (const RequestPartition& asked : asked_topic.partitions) {
      const ErrorCode error = refused != ErrorCode::kNone ? refused : Check(call, topic, asked);
      answered.partitions.push_back({asked.partition_index, error});
      if (error != ErrorCode::kNone) continue;
      entries.push_back({topic->name,
                         asked.partition_index,
                         {asked.committed_offset, asked.committed_leader_epoch,
                          asked.committed_metadata.value_or(""), now}});
    }
  }
  if (entries.empty()) return reply.Send(response);
  call.cluster.offsets().Commit(request.group_id, std::move(entries),
                                [response = std::move(response),
                                 reply = std::move(reply)](const absl::Status& status) mutable {
                                  const ErrorCode failure = Failure(status);
                                  for (ResponseTopic& topic : response.topics) {
                                    for (ResponsePartition& partition : topic.partitions) {
                                      if (partition.error_code == ErrorCode::kNone)
                                        partition.error_code = failure;
                                    }
                                  }
                                  reply.Send(response);
                                });
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const RequestTopic& topic : request.topics) {
    ResponseTopic& answered =
        response.topics.emplace_back(ResponseTopic{topic.name, topic.topic_id, {}});
    for (const RequestPartition& asked : topic.partitions) {
      answered.partitions.push_back({asked.partition_index, error});
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_08_offset_commit = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 8, .name = "OffsetCommit", .min_version = 2, .max_version = 10, .flexible_since = 8});

}  // namespace wherry::kafka
