// WriteTxnMarkers: ends transactions in single partitions, whatever their coordinator knows. Of
// brokers among themselves with Kafka; here what kafka-transactions.sh aborts a hanging transaction
// with (KIP-664).
//
// Versions 1-2. v1 is flexible, v2 says by which rules the producer's epoch is to be looked at
// (KIP-890).

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/control_batch.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct MarkedTopic {
  std::string name;
  std::vector<std::int32_t> partition_indexes;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("PartitionIndexes", m.partition_indexes);
  }
};

struct Marker {
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  bool transaction_result = false;
  std::vector<MarkedTopic> topics;
  std::int32_t coordinator_epoch = 0;
  std::int8_t transaction_version = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
    v.Field("TransactionResult", m.transaction_result);
    v.Array("Topics", m.topics);
    v.Field("CoordinatorEpoch", m.coordinator_epoch);
    v.Since(2).Field("TransactionVersion", m.transaction_version);
  }
};

struct Request {
  std::vector<Marker> markers;

  static void Visit(auto& v, auto& m) { v.Array("Markers", m.markers); }
};

struct PartitionResult {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("ErrorCode", m.error_code);
  }
};

struct TopicResult {
  std::string name;
  std::vector<PartitionResult> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct MarkerResult {
  std::int64_t producer_id = 0;
  std::vector<TopicResult> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ProducerId", m.producer_id);
    v.Array("Topics", m.topics);
  }
};

struct Response {
  std::vector<MarkerResult> markers;

  static void Visit(auto& v, auto& m) { v.Array("Markers", m.markers); }
};

// From this version of transactions on each ends its producer's epoch.
constexpr std::int8_t kEndsEpochSince = 2;

ErrorCode ErrorOf(core::AppendError error) {
  switch (error) {
    case core::AppendError::kNone:
      return ErrorCode::kNone;
    case core::AppendError::kStaleProducerEpoch:
      return ErrorCode::kInvalidProducerEpoch;
    case core::AppendError::kStaleCoordinator:
      return ErrorCode::kTransactionCoordinatorFenced;
    default:
      return ErrorCode::kKafkaStorageError;
  }
}

// What of one request is under way: the markers that one commit writes.
struct Writing {
  storage::CommitBatch batch;
  std::vector<core::CommitQueue::Done> staged;
};

ErrorCode Write(const Call& call, const Marker& asked, const std::string& topic_name,
                std::int32_t index, Writing& writing) {
  const Topic* const topic = call.cluster.topics().Find(topic_name);
  core::Partition* const partition = topic == nullptr ? nullptr : topic->partition(index);
  if (partition == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  const core::TransactionMarker marker{asked.producer_id, asked.producer_epoch,
                                       asked.transaction_result, asked.coordinator_epoch,
                                       call.cluster.home().clock().UnixMillis()};
  const core::AppendError refused = partition->CheckMarker(
      marker, asked.transaction_version >= kEndsEpochSince
                  ? core::ProducerTable::MarkerEpoch::kLater
                  : core::ProducerTable::MarkerEpoch::kSameOrLater);
  if (refused != core::AppendError::kNone) return ErrorOf(refused);
  writing.staged.push_back(
      partition->StageMarker(marker, Cluster::MarkerBytes(marker), writing.batch));
  return ErrorCode::kNone;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  Writing writing;
  for (const Marker& marker : request.markers) {
    MarkerResult& result = response.markers.emplace_back(MarkerResult{marker.producer_id, {}});
    for (const MarkedTopic& topic : marker.topics) {
      TopicResult& part = result.topics.emplace_back(TopicResult{topic.name, {}});
      for (const std::int32_t index : topic.partition_indexes) {
        part.partitions.push_back({index, Write(call, marker, topic.name, index, writing)});
      }
    }
  }
  call.cluster.commits().Submit(
      std::move(writing.batch),
      [staged = std::move(writing.staged), response = std::move(response),
       reply = std::move(reply)](const absl::Status& status) mutable {
        for (core::CommitQueue::Done& done : staged) done(status);
        for (MarkerResult& marker : response.markers) {
          for (TopicResult& topic : marker.topics) {
            for (PartitionResult& part : topic.partitions) {
              if (part.error_code == ErrorCode::kNone && !status.ok()) {
                part.error_code = ErrorCode::kKafkaStorageError;
              }
            }
          }
        }
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const Marker& marker : request.markers) {
    MarkerResult& result = response.markers.emplace_back(MarkerResult{marker.producer_id, {}});
    for (const MarkedTopic& topic : marker.topics) {
      TopicResult& part = result.topics.emplace_back(TopicResult{topic.name, {}});
      for (const std::int32_t index : topic.partition_indexes) {
        part.partitions.push_back({index, error});
      }
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_27_write_txn_markers =
    MakeRow<Request, Response, Handle, Refuse>({.key = 27,
                                        .name = "WriteTxnMarkers",
                                        .min_version = 1,
                                        .max_version = 2,
                                        .flexible_since = 1});

}  // namespace wherry::kafka
