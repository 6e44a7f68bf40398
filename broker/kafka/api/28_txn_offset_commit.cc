// TxnOffsetCommit: how far a group has come in several partitions, once the producer's transaction
// is committed (KIP-98).
//
// Versions 0-5. v2 brought leader epochs, v3 (flexible) the member that consumed, who is fenced by
// its generation (KIP-447), v4 may answer TRANSACTION_ABORTABLE, v5 adds the group to the
// transaction, which AddOffsetsToTxn does before (KIP-890), v6 topic ids instead of names.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "broker/kafka/transaction_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

// As Kafka's offset.metadata.max.bytes.
constexpr std::size_t kMaxMetadataSize = 4096;

struct RequestPartition {
  std::int32_t partition_index = 0;
  std::int64_t committed_offset = 0;
  std::int32_t committed_leader_epoch = -1;
  std::optional<std::string> committed_metadata;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("CommittedOffset", m.committed_offset);
    v.Since(2).Field("CommittedLeaderEpoch", m.committed_leader_epoch);
    v.Nullable("CommittedMetadata", m.committed_metadata);
  }
};

struct RequestTopic {
  std::string name;
  wire::Uuid topic_id;
  std::vector<RequestPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Until(5).Field("Name", m.name);
    v.Since(6).Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::string transactional_id;
  std::string group_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::vector<RequestTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("TransactionalId", m.transactional_id);
    v.Field("GroupId", m.group_id);
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
    v.Since(3).Field("GenerationIdOrMemberEpoch", m.generation_id);
    v.Since(3).Field("MemberId", m.member_id);
    v.Since(3).Nullable("GroupInstanceId", m.group_instance_id);
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
    v.Until(5).Field("Name", m.name);
    v.Since(6).Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<ResponseTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

constexpr std::int16_t kAbortableSince = 4;
constexpr std::int16_t kAddsSince = 5;
constexpr std::int16_t kTopicIdsSince = 6;

// Whether the producer may commit the group's offsets in its transaction.
ErrorCode EnterTransaction(const Call& call, const Request& request) {
  core::TransactionCoordinator& transactions = call.cluster.transactions();
  const core::ProducerClaim claim{request.transactional_id,
                                  {request.producer_id, request.producer_epoch}};
  const core::TransactionError error =
      call.version >= kAddsSince ? transactions.AddGroup(claim, request.group_id, nullptr)
                                 : transactions.VerifyGroup(claim, request.group_id);
  if (error == core::TransactionError::kConcurrent && call.version < kAddsSince) {
    // What such a client tries again for.
    return ErrorCode::kCoordinatorLoadInProgress;
  }
  return WriteErrorOf(error, call.version >= kAbortableSince);
}

ErrorCode CheckAll(const Call& call, const Request& request) {
  if (request.group_id.empty() || request.group_id.size() > Cluster::kMaxTransactionalGroupSize) {
    return ErrorCode::kInvalidGroupId;
  }
  core::MemberClaim claim{request.group_id, request.generation_id, request.member_id,
                          request.group_instance_id, call.connection_id()};
  claim.transactional = true;
  const ErrorCode refused = ErrorCodeOf(call.cluster.groups().ValidateCommit(claim));
  return refused != ErrorCode::kNone ? refused : EnterTransaction(call, request);
}

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
  return ErrorCodeOf(core::TransactionError::kStorage);
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const ErrorCode refused = CheckAll(call, request);
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
      core::CommittedOffset committed;
      committed.offset = asked.committed_offset;
      committed.leader_epoch = asked.committed_leader_epoch;
      committed.metadata = asked.committed_metadata.value_or("");
      committed.commit_timestamp = now;
      entries.push_back({topic->name, asked.partition_index, std::move(committed)});
    }
  }
  if (entries.empty()) return reply.Send(response);
  call.cluster.pending_offsets().Commit(
      request.producer_id, request.group_id, std::move(entries),
      [response = std::move(response),
       reply = std::move(reply)](const absl::Status& status) mutable {
        const ErrorCode failure = Failure(status);
        for (ResponseTopic& topic : response.topics) {
          for (ResponsePartition& partition : topic.partitions) {
            if (partition.error_code == ErrorCode::kNone) partition.error_code = failure;
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

extern constexpr ApiRow api_28_txn_offset_commit =
    MakeRow<Request, Response, Handle, Refuse>({.key = 28,
                                        .name = "TxnOffsetCommit",
                                        .min_version = 0,
                                        .max_version = 6,
                                        .flexible_since = 3});

}  // namespace wherry::kafka
