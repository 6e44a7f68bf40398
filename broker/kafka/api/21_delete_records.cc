// DeleteRecords: moves the start of partitions up.
//
// Versions 0-2; v1 is as v0, v2 flexible (KIP-107). Offset -1 is the high watermark. Records of a
// batch that straddles the new start stay on the disk until the batch's last has gone; nobody is
// given those below it but as part of that batch. TimeoutMs is not needed: one node waits for no
// other.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/node_gate.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct PartitionOffset {
  std::int32_t partition_index = 0;
  std::int64_t offset = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("Offset", m.offset);
  }
};

struct TopicOffsets {
  std::string name;
  std::vector<PartitionOffset> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::vector<TopicOffsets> topics;
  std::int32_t timeout_ms = 0;

  static void Visit(auto& v, auto& m) {
    v.Array("Topics", m.topics);
    v.Field("TimeoutMs", m.timeout_ms);
  }
};

struct PartitionResult {
  std::int32_t partition_index = 0;
  std::int64_t low_watermark = -1;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("LowWatermark", m.low_watermark);
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

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResult> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

constexpr std::int64_t kHighWatermark = -1;

struct Place {
  std::size_t topic;
  std::size_t partition;
  PartitionResult& In(Gathered<Response>& gathered) const {
    return gathered.response.topics[topic].partitions[partition];
  }
};

void DeleteFrom(const Call& call, const std::string& topic_name, const PartitionOffset& asked,
                const std::shared_ptr<Gathered<Response>>& gathered, Place place) {
  PartitionResult& result = place.In(*gathered);
  const Topic* const topic = call.cluster.topics().Find(topic_name);
  core::Partition* const partition =
      topic == nullptr ? nullptr : topic->partition(asked.partition_index);
  if (partition == nullptr) {
    result.error_code = ErrorCode::kUnknownTopicOrPartition;
    return;
  }
  result.error_code = CheckLeader(call, *topic, asked.partition_index, kNoEpoch);
  if (result.error_code != ErrorCode::kNone) return;
  if (!topic->settings.delete_old) {
    // Compaction alone may take away records of a topic that keeps the last of each key.
    result.error_code = ErrorCode::kPolicyViolation;
    return;
  }
  const std::int64_t to =
      asked.offset == kHighWatermark ? partition->high_watermark() : asked.offset;
  if (to < 0 || to > partition->high_watermark()) {
    result.error_code = ErrorCode::kOffsetOutOfRange;
    return;
  }
  gathered->Owe();
  // Below the start there is nothing to delete; the start is what is answered then.
  partition->TrimPrefix(to, [gathered, place,
                             start = std::max(to, partition->start_offset())](
                                const absl::Status& status) {
    PartitionResult& result = place.In(*gathered);
    if (status.ok()) {
      result.low_watermark = start;
    } else {
      result.error_code = absl::IsNotFound(status) ? ErrorCode::kUnknownTopicOrPartition
                                                   : ErrorCode::kKafkaStorageError;
    }
    gathered->Pay();
  });
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  for (const TopicOffsets& topic : request.topics) {
    TopicResult& result = gathered->response.topics.emplace_back(TopicResult{topic.name, {}});
    for (const PartitionOffset& partition : topic.partitions) {
      result.partitions.push_back({partition.partition_index});
    }
  }
  for (std::size_t t = 0; t < request.topics.size(); ++t) {
    const TopicOffsets& topic = request.topics[t];
    for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
      DeleteFrom(call, topic.name, topic.partitions[p], gathered, {t, p});
    }
  }
  gathered->Pay();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const TopicOffsets& topic : request.topics) {
    TopicResult& result = response.topics.emplace_back(TopicResult{topic.name, {}});
    for (const PartitionOffset& partition : topic.partitions) {
      result.partitions.push_back({partition.partition_index, -1, error});
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_21_delete_records = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 21, .name = "DeleteRecords", .min_version = 0, .max_version = 2, .flexible_since = 2});

}  // namespace wherry::kafka
