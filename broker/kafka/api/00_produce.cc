// Produce: appends one batch to each of several partitions.
//
// Versions 3-13 (advertised from 0: librdkafka up to 2.11 compresses only if it sees version 0;
// requests of 0-2 are refused). v3 brought batches of magic 2 and transactional ids, v5 the log
// start offset, v7 zstd (KIP-110), v8 an error message (KIP-467), v9 flexible fields, v10 the way
// to a new leader (KIP-951), v11 and v12 transactions that need no AddPartitionsToTxn (KIP-890),
// v13 topic ids instead of names (KIP-516).
// A topic that does not exist is not created here: clients ask Metadata first, as with Kafka.
// A transactional batch must be of the producer's open transaction, whose partition
// AddPartitionsToTxn has added; from v12 on that is done here.
// What a topic's configuration asks of its records is in batch_rules.h.
// Not implemented: TimeoutMs: one node waits for no other.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/batch_rules.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/transaction_error.h"
#include "protocol/kafka/error_code.h"
#include "protocol/kafka/record_batch.h"

namespace wherry::kafka {

namespace {

struct PartitionData {
  std::int32_t index = 0;
  wire::Records records;

  static void Visit(auto& v, auto& m) {
    v.Field("Index", m.index);
    v.Nullable("Records", m.records);
  }
};

struct TopicData {
  std::string name;
  wire::Uuid topic_id;
  std::vector<PartitionData> partition_data;

  static void Visit(auto& v, auto& m) {
    v.Until(12).Field("Name", m.name);
    v.Since(13).Field("TopicId", m.topic_id);
    v.Array("PartitionData", m.partition_data);
  }
};

struct Request {
  std::optional<std::string> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<TopicData> topic_data;

  static void Visit(auto& v, auto& m) {
    v.Since(3).Nullable("TransactionalId", m.transactional_id);
    v.Field("Acks", m.acks);
    v.Field("TimeoutMs", m.timeout_ms);
    v.Array("TopicData", m.topic_data);
  }
};

struct RecordError {
  std::int32_t batch_index = 0;
  std::optional<std::string> batch_index_error_message;

  static void Visit(auto& v, auto& m) {
    v.Since(8).Field("BatchIndex", m.batch_index);
    v.Since(8).Nullable("BatchIndexErrorMessage", m.batch_index_error_message);
  }
};

struct LeaderIdAndEpoch {
  std::int32_t leader_id = -1;
  std::int32_t leader_epoch = -1;
  bool operator==(const LeaderIdAndEpoch&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Since(10).Field("LeaderId", m.leader_id);
    v.Since(10).Field("LeaderEpoch", m.leader_epoch);
  }
};

struct PartitionResponse {
  std::int32_t index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t base_offset = -1;
  std::int64_t log_append_time_ms = -1;
  std::int64_t log_start_offset = -1;
  std::vector<RecordError> record_errors;
  std::optional<std::string> error_message;
  LeaderIdAndEpoch current_leader;

  static void Visit(auto& v, auto& m) {
    v.Field("Index", m.index);
    v.Field("ErrorCode", m.error_code);
    v.Field("BaseOffset", m.base_offset);
    v.Since(2).Field("LogAppendTimeMs", m.log_append_time_ms);
    v.Since(5).Field("LogStartOffset", m.log_start_offset);
    v.Since(8).Array("RecordErrors", m.record_errors);
    v.Since(8).Nullable("ErrorMessage", m.error_message);
    v.Since(10).Tagged(0, "CurrentLeader", m.current_leader);
  }
};

struct TopicResponse {
  std::string name;
  wire::Uuid topic_id;
  std::vector<PartitionResponse> partition_responses;

  static void Visit(auto& v, auto& m) {
    v.Until(12).Field("Name", m.name);
    v.Since(13).Field("TopicId", m.topic_id);
    v.Array("PartitionResponses", m.partition_responses);
  }
};

struct NodeEndpoint {
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;
  bool operator==(const NodeEndpoint&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Since(10).Field("NodeId", m.node_id);
    v.Since(10).Field("Host", m.host);
    v.Since(10).Field("Port", m.port);
    v.Since(10).Nullable("Rack", m.rack);
  }
};

struct Response {
  std::vector<TopicResponse> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;

  static void Visit(auto& v, auto& m) {
    v.Array("Responses", m.responses);
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Since(10).Tagged(0, "NodeEndpoints", m.node_endpoints);
  }
};

// The first version in which a client knows zstd (KIP-110).
constexpr std::int16_t kZstdSince = 7;
constexpr std::int16_t kTopicIdsSince = 13;
// TRANSACTION_ABORTABLE, and partitions that need not be added before (KIP-890).
constexpr std::int16_t kAbortableSince = 11;
constexpr std::int16_t kAddsPartitionsSince = 12;
constexpr std::int16_t kAllReplicas = -1;  // acks=all

void Fail(PartitionResponse& part, ErrorCode error, std::string message) {
  part.error_code = error;
  part.error_message = std::move(message);
}

ErrorCode ErrorOf(BatchFault fault) {
  switch (fault) {
    case BatchFault::kNone:
      return ErrorCode::kNone;
    case BatchFault::kTruncated:
    case BatchFault::kCrc:
      return ErrorCode::kCorruptMessage;
    case BatchFault::kCodec:
      return ErrorCode::kUnsupportedCompressionType;
    case BatchFault::kTrailingBytes:
    case BatchFault::kMagic:
    case BatchFault::kCounts:
    case BatchFault::kSequence:
    case BatchFault::kControl:
      return ErrorCode::kInvalidRecord;
  }
  return ErrorCode::kUnknownServerError;
}

ErrorCode ErrorOf(core::AppendError error) {
  switch (error) {
    case core::AppendError::kNone:
      return ErrorCode::kNone;
    case core::AppendError::kOutOfOrderSequence:
      return ErrorCode::kOutOfOrderSequenceNumber;
    case core::AppendError::kStaleProducerEpoch:
      return ErrorCode::kInvalidProducerEpoch;
    case core::AppendError::kInsideTransaction:
      return ErrorCode::kInvalidTxnState;
    case core::AppendError::kStaleCoordinator:
      return ErrorCode::kTransactionCoordinatorFenced;
    case core::AppendError::kMemoryLimit:
      // What a policy of the broker's owner forbids; not retriable, so the producer hears at once.
      return ErrorCode::kPolicyViolation;
    case core::AppendError::kStorage:
      return ErrorCode::kKafkaStorageError;
    case core::AppendError::kClosed:
      return ErrorCode::kUnknownTopicOrPartition;
  }
  return ErrorCode::kUnknownServerError;
}

// Whether the batch may be appended; if not, `part` says why.
bool MayAppend(const Call& call, const CheckedBatch& checked, PartitionResponse& part) {
  if (checked.fault != BatchFault::kNone) {
    Fail(part, ErrorOf(checked.fault), checked.message);
    return false;
  }
  if (checked.header.codec_bits() == static_cast<int>(Codec::kZstd) && call.version < kZstdSince) {
    Fail(part, ErrorCode::kUnsupportedCompressionType,
         absl::StrCat("Produce version ", call.version, " cannot carry zstd; version ", kZstdSince,
                      " can"));
    return false;
  }
  return true;
}

// Whether the batch may be part of its producer's transaction; if not, `part` says why.
bool EntersTransaction(const Call& call, const std::optional<std::string>& transactional_id,
                       const std::string& topic, std::int32_t index, const BatchHeader& header,
                       PartitionResponse& part) {
  if (!header.is_transactional()) return true;
  core::TransactionCoordinator& transactions = call.cluster.transactions();
  const core::ProducerClaim claim{transactional_id.value_or(""),
                                  {header.producer_id, header.producer_epoch}};
  // What is added is kept before the batch is: it is submitted first.
  const core::TransactionError error =
      call.version >= kAddsPartitionsSince
          ? transactions.AddPartitions(claim, {{topic, {index}}}, nullptr)
          : transactions.Verify(claim, topic, index);
  if (error == core::TransactionError::kNone) return true;
  ErrorCode code = WriteErrorOf(error, call.version >= kAbortableSince);
  // What such a client tries again for, without asking for metadata first.
  if (code == ErrorCode::kConcurrentTransactions && call.version < kAddsPartitionsSince) {
    code = ErrorCode::kNotEnoughReplicas;
  }
  Fail(part, code,
       absl::StrCat("partition ", index, " of topic '", topic,
                    "' is not open to producer ", header.producer_id, ", epoch ",
                    header.producer_epoch, ", of transactional id '", claim.transactional_id,
                    "': ", ErrorName(ErrorCodeOf(error))));
  return false;
}

bool AnyTransactional(const Request& request) {
  for (const TopicData& topic : request.topic_data) {
    for (const PartitionData& data : topic.partition_data) {
      const std::optional<BatchHeader> header = ParseBatchHeader(data.records.view);
      if (header.has_value() && header->is_transactional()) return true;
    }
  }
  return false;
}

using Gathering = std::shared_ptr<Gathered<Response>>;

// Whether the client has come to the partition's leader; if not, it is told where that is.
bool IsLedHere(const Call& call, const Topic& topic, const std::string& name,
               PartitionResponse& part, Response& response) {
  const Nodes& nodes = call.cluster.nodes();
  const std::int32_t leader = nodes.LeaderOf(topic, part.index);
  if (leader == call.node.id) return true;
  Fail(part, ErrorCode::kNotLeaderOrFollower,
       absl::StrCat("partition ", name, " is led by node ", leader, ", not by node ",
                    call.node.id));
  part.current_leader = {leader, topic.LeaderEpochOf(part.index)};
  if (leader == Leadership::kNobody) return false;
  std::vector<NodeEndpoint>& endpoints = response.node_endpoints;
  const bool told = std::any_of(endpoints.begin(), endpoints.end(),
                                [&](const NodeEndpoint& one) { return one.node_id == leader; });
  if (told) return false;
  NodeAddress address = nodes.AddressOf(call, leader);
  endpoints.push_back({leader, std::move(address.host), address.port, nodes.RackOf(leader)});
  return false;
}

// What one partition's part of the response is filled in by, wherever the vectors are by then.
struct Place {
  std::size_t topic;
  std::size_t partition;
  PartitionResponse& In(Gathered<Response>& gathered) const {
    return gathered.response.responses[topic].partition_responses[partition];
  }
};

// Whether as many replicas as the topic asks for would have it: those that its creator asked for
// count, though there are not as many nodes, but for nodes that have stopped.
bool HasReplicas(const Nodes& nodes, const Topic& topic, std::int16_t acks,
                 const std::string& name, PartitionResponse& part) {
  const std::int64_t least = topic.settings.min_insync_replicas;
  if (acks != kAllReplicas || least <= 1) return true;
  const auto stopped = static_cast<std::int64_t>(nodes.StoppedOf(topic, part.index).size());
  if (least <= topic.replication_factor - stopped) return true;
  Fail(part, ErrorCode::kNotEnoughReplicas,
       absl::StrCat("The size of the current ISR Set(",
                    absl::StrJoin(nodes.InSyncOf(topic, part.index), ", "),
                    ") is insufficient to satisfy the min.isr requirement of ", least,
                    " for partition ", name));
  return false;
}

// Whether the topic's rules let the batch in; they may change its bytes.
bool KeepsRules(const Call& call, const Topic& topic, const std::string& name,
                core::Partition::AppendRequest& append, PartitionResponse& part) {
  RulesVerdict verdict = ApplyRules(topic.settings, name,
                                    call.cluster.home().clock().UnixMillis(), append.bytes);
  append.max_timestamp = verdict.max_timestamp;
  if (append.producer.has_value()) append.producer->max_timestamp = verdict.max_timestamp;
  part.log_append_time_ms = verdict.log_append_time_ms;
  if (verdict.error == ErrorCode::kNone) return true;
  for (RulesVerdict::RecordFault& fault : verdict.faults) {
    part.record_errors.push_back({fault.index, std::move(fault.message)});
  }
  Fail(part, verdict.error, std::move(verdict.message));
  return false;
}

void AppendTo(const Call& call, const Request& request, const TopicData& asked,
              const PartitionData& data, const Gathering& gathered, Place place) {
  PartitionResponse& part = place.In(*gathered);
  const Topic* const topic = call.cluster.topics().Find(asked.topic_id, asked.name);
  if (topic == nullptr && call.version >= kTopicIdsSince) {
    return Fail(part, ErrorCode::kUnknownTopicId, "no topic has this id");
  }
  core::Partition* const partition = topic == nullptr ? nullptr : topic->partition(data.index);
  if (partition == nullptr) {
    return Fail(part, ErrorCode::kUnknownTopicOrPartition,
                absl::StrCat("no partition ", data.index, " of topic '",
                             topic == nullptr ? asked.name : topic->name, "'"));
  }
  const std::string name = absl::StrCat(topic->name, "-", data.index);
  if (!IsLedHere(call, *topic, name, part, gathered->response)) return;
  const CheckedBatch checked = CheckBatch(data.records.view);
  if (!MayAppend(call, checked, part)) return;
  if (!HasReplicas(call.cluster.nodes(), *topic, request.acks, name, part)) return;
  core::Partition::AppendRequest append;
  append.bytes = std::string(data.records.view);
  append.record_count = checked.header.last_offset_delta + 1;
  append.producer = StampOf(checked.header);
  if (!KeepsRules(call, *topic, name, append, part)) return;
  if (!EntersTransaction(call, request.transactional_id, topic->name, data.index, checked.header,
                         part)) {
    return;
  }
  if (append.producer.has_value()) {
    append.producer->begins_at_zero =
        checked.header.is_transactional() && call.version >= kAddsPartitionsSince;
  }
  gathered->Owe();
  part.log_start_offset = partition->start_offset();
  partition->Append(std::move(append), [gathered, place](core::Partition::AppendResult result) {
    PartitionResponse& part = place.In(*gathered);
    if (result.error == core::AppendError::kNone) {
      part.base_offset = result.base_offset;
      if (result.duplicate) part.log_append_time_ms = result.max_timestamp;
    } else {
      part.log_append_time_ms = -1;
      Fail(part, ErrorOf(result.error), std::move(result.message));
    }
    gathered->Pay();
  });
}

bool AnyError(const Response& response) {
  for (const TopicResponse& topic : response.responses) {
    for (const PartitionResponse& part : topic.partition_responses) {
      if (part.error_code != ErrorCode::kNone) return true;
    }
  }
  return false;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  std::vector<TopicResponse>& responses = gathered->response.responses;
  for (const TopicData& topic : request.topic_data) {
    TopicResponse& response =
        responses.emplace_back(TopicResponse{topic.name, topic.topic_id, {}});
    for (const PartitionData& data : topic.partition_data) {
      response.partition_responses.emplace_back().index = data.index;
    }
  }
  ErrorCode refused = ErrorCode::kNone;
  if (request.acks < -1 || request.acks > 1) refused = ErrorCode::kInvalidRequiredAcks;
  if (!request.transactional_id.has_value() && AnyTransactional(request)) {
    refused = ErrorCode::kTransactionalIdAuthorizationFailed;
  }
  for (std::size_t t = 0; t < request.topic_data.size(); ++t) {
    const TopicData& topic = request.topic_data[t];
    for (std::size_t p = 0; p < topic.partition_data.size(); ++p) {
      if (refused == ErrorCode::kNone) {
        AppendTo(call, request, topic, topic.partition_data[p], gathered, {t, p});
      } else {
        responses[t].partition_responses[p].error_code = refused;
      }
    }
  }
  if (request.acks != 0) return gathered->Pay();
  // Nobody waits for the rest. Without a response, a closed connection is what tells the producer
  // that its metadata is stale or its batch refused.
  if (AnyError(gathered->response)) {
    gathered->reply().CloseConnection();
  } else {
    gathered->reply().SendNothing();
  }
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  // Without a response, a closed connection is what tells the producer.
  if (request.acks == 0) return reply.CloseConnection();
  Response response;
  for (const TopicData& topic : request.topic_data) {
    TopicResponse& answered =
        response.responses.emplace_back(TopicResponse{topic.name, topic.topic_id, {}});
    for (const PartitionData& data : topic.partition_data) {
      PartitionResponse& part = answered.partition_responses.emplace_back();
      part.index = data.index;
      part.error_code = error;
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_00_produce = MakeRow<Request, Response, Handle, Refuse>({.key = 0,
                                                                             .name = "Produce",
                                                                             .min_version = 3,
                                                                             .max_version = 13,
                                                                             .flexible_since = 9,
                                                                             .advertised_min = 0,
                                                                             .pipelined = true});

}  // namespace wherry::kafka
