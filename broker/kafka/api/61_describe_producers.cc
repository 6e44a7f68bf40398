// DescribeProducers: who has written to several partitions lately, and whose transactions are open
// there (KIP-664).
//
// Version 0. Producers without a producer id are not among them.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/node_gate.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct TopicRequest {
  std::string name;
  std::vector<std::int32_t> partition_indexes;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("PartitionIndexes", m.partition_indexes);
  }
};

struct Request {
  std::vector<TopicRequest> topics;

  static void Visit(auto& v, auto& m) { v.Array("Topics", m.topics); }
};

struct ProducerState {
  std::int64_t producer_id = 0;
  std::int32_t producer_epoch = 0;
  std::int32_t last_sequence = -1;
  std::int64_t last_timestamp = -1;
  std::int32_t coordinator_epoch = 0;
  std::int64_t current_txn_start_offset = -1;

  static void Visit(auto& v, auto& m) {
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
    v.Field("LastSequence", m.last_sequence);
    v.Field("LastTimestamp", m.last_timestamp);
    v.Field("CoordinatorEpoch", m.coordinator_epoch);
    v.Field("CurrentTxnStartOffset", m.current_txn_start_offset);
  }
};

struct PartitionResponse {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::vector<ProducerState> active_producers;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Array("ActiveProducers", m.active_producers);
  }
};

struct TopicResponse {
  std::string name;
  std::vector<PartitionResponse> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResponse> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

std::vector<ProducerState> ProducersOf(const core::Partition& partition) {
  std::vector<ProducerState> states;
  for (const auto& [id, producer] : partition.producers().producers()) {
    const std::int32_t last_sequence =
        producer.count == 0 ? -1 : producer.batches[producer.count - 1u].last_sequence;
    states.push_back({id, producer.epoch, last_sequence, producer.last_timestamp,
                      producer.coordinator_epoch, producer.transaction_start});
  }
  return states;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  for (const TopicRequest& asked : request.topics) {
    const Topic* const topic = call.cluster.topics().Find(asked.name);
    TopicResponse& answered = response.topics.emplace_back(TopicResponse{asked.name, {}});
    for (const std::int32_t index : asked.partition_indexes) {
      PartitionResponse& part = answered.partitions.emplace_back();
      part.partition_index = index;
      const core::Partition* const partition =
          topic == nullptr ? nullptr : topic->partition(index);
      if (partition == nullptr) {
        part.error_code = ErrorCode::kUnknownTopicOrPartition;
        continue;
      }
      part.error_code = CheckLeader(call, *topic, index, kNoEpoch);
      if (part.error_code == ErrorCode::kNone) part.active_producers = ProducersOf(*partition);
    }
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const TopicRequest& asked : request.topics) {
    TopicResponse& answered = response.topics.emplace_back(TopicResponse{asked.name, {}});
    for (const std::int32_t index : asked.partition_indexes) {
      PartitionResponse& part = answered.partitions.emplace_back();
      part.partition_index = index;
      part.error_code = error;
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_61_describe_producers =
    MakeRow<Request, Response, Handle, Refuse>({.key = 61,
                                        .name = "DescribeProducers",
                                        .min_version = 0,
                                        .max_version = 0,
                                        .flexible_since = 0});

}  // namespace wherry::kafka
