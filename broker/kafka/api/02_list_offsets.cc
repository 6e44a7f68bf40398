// ListOffsets: the offset at a time, or at an end, of several partitions.
//
// Versions 1-11. v2 brought isolation levels, v4 leader epochs, v6 flexible fields, v7 the record
// with the greatest timestamp (KIP-734), v8, v9 and v11 places in a log of which a part lies in
// remote storage (KIP-405, KIP-1005, KIP-1023), v10 a timeout for looking there (KIP-1075): ours
// lies here as a whole. v0, with its arrays of offsets, is gone from Kafka 4.

#include <set>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/node_gate.h"
#include "protocol/kafka/error_code.h"
#include "protocol/kafka/record_batch.h"

namespace wherry::kafka {

namespace {

struct ListOffsetsPartition {
  std::int32_t partition_index = 0;
  std::int32_t current_leader_epoch = -1;
  std::int64_t timestamp = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Since(4).Field("CurrentLeaderEpoch", m.current_leader_epoch);
    v.Field("Timestamp", m.timestamp);
  }
};

struct ListOffsetsTopic {
  std::string name;
  std::vector<ListOffsetsPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Request {
  std::int32_t replica_id = -1;
  std::int8_t isolation_level = 0;
  std::vector<ListOffsetsTopic> topics;
  std::int32_t timeout_ms = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("ReplicaId", m.replica_id);
    v.Since(2).Field("IsolationLevel", m.isolation_level);
    v.Array("Topics", m.topics);
    v.Since(10).Field("TimeoutMs", m.timeout_ms);
  }
};

struct PartitionResponse {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t timestamp = -1;
  std::int64_t offset = -1;
  std::int32_t leader_epoch = -1;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("ErrorCode", m.error_code);
    v.Since(1).Field("Timestamp", m.timestamp);
    v.Since(1).Field("Offset", m.offset);
    v.Since(4).Field("LeaderEpoch", m.leader_epoch);
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
    v.Since(2).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Topics", m.topics);
  }
};

// Timestamps that stand for a place.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;          // the first that lies on this node
constexpr std::int64_t kLatestTiered = -5;           // the last in remote storage
constexpr std::int64_t kEarliestPendingUpload = -6;  // the first that is to go there

constexpr std::int8_t kReadCommitted = 1;  // an isolation level

// Whether a client of `version` may ask for `timestamp`.
bool IsKnown(std::int64_t timestamp, std::int16_t version) {
  switch (timestamp) {
    case kMaxTimestamp:
      return version >= 7;
    case kEarliestLocal:
      return version >= 8;
    case kLatestTiered:
      return version >= 9;
    case kEarliestPendingUpload:
      return version >= 11;
    default:
      return timestamp >= kEarliest;
  }
}

using Gathering = std::shared_ptr<Gathered<Response>>;

struct Place {
  std::size_t topic;
  std::size_t partition;
  PartitionResponse& In(Gathered<Response>& gathered) const {
    return gathered.response.topics[topic].partitions[partition];
  }
};

// Finds in the batch the first record for which `wanted(timestamp)` holds.
template <typename Wanted>
void FindInBatch(Cluster& cluster, const storage::Batch& batch, std::int64_t start_offset,
                 Wanted wanted, PartitionResponse& part) {
  const std::int32_t leader_epoch = ParseBatchHeader(*batch.bytes)->partition_leader_epoch;
  const absl::Status status = ForEachRecord(*batch.bytes, [&](const Record& record) {
    if (record.offset < start_offset || !wanted(record.timestamp)) return true;
    part.offset = record.offset;
    part.timestamp = record.timestamp;
    part.leader_epoch = leader_epoch;
    return false;
  });
  if (status.ok()) return;
  // Stored as sent: a batch whose records only its producer can read has a time all the same.
  cluster.Log(absl::StrCat("looking up a time in the batch at offset ", batch.base_offset,
                           " failed, its first offset was taken: ", std::string(status.message())));
  part.offset = std::max(batch.base_offset, start_offset);
  part.timestamp = batch.max_timestamp;
  part.leader_epoch = leader_epoch;
}

// What of the partition the client may see.
struct Bounds {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

// Takes what the partition found, then looks for the record in it.
template <typename Wanted>
auto Finder(Cluster& cluster, const Gathering& gathered, Place place, Bounds bounds,
            Wanted wanted) {
  gathered->Owe();
  return [&cluster, gathered, place, bounds, wanted](core::Partition::FindResult found) {
    PartitionResponse& part = place.In(*gathered);
    if (!found.ok()) {
      part.error_code = absl::IsNotFound(found.status()) ? ErrorCode::kUnknownTopicOrPartition
                                                         : ErrorCode::kKafkaStorageError;
    } else if (found->has_value()) {
      FindInBatch(cluster, **found, bounds.start, wanted(**found), part);
      // What its reader may not see yet is not there.
      if (part.offset >= bounds.end) part = {.partition_index = part.partition_index};
    }
    gathered->Pay();
  };
}

void LookUp(const Call& call, bool stable_only, const std::string& topic_name,
            const ListOffsetsPartition& asked, const Gathering& gathered, Place place) {
  PartitionResponse& part = place.In(*gathered);
  const Topic* const topic = call.cluster.topics().Find(topic_name);
  core::Partition* const partition =
      topic == nullptr ? nullptr : topic->partition(asked.partition_index);
  if (partition == nullptr) {
    part.error_code = ErrorCode::kUnknownTopicOrPartition;
    return;
  }
  part.error_code = CheckLeader(call, *topic, asked.partition_index, asked.current_leader_epoch);
  if (part.error_code != ErrorCode::kNone) return;
  if (!IsKnown(asked.timestamp, call.version)) {
    part.error_code = ErrorCode::kUnsupportedVersion;
    return;
  }
  const Bounds bounds{partition->start_offset(), stable_only ? partition->last_stable_offset()
                                                             : partition->high_watermark()};
  switch (asked.timestamp) {
    case kLatest:
      part.offset = bounds.end;
      part.leader_epoch = topic->LeaderEpochOf(asked.partition_index);
      return;
    case kEarliest:
    case kEarliestLocal:
      part.offset = bounds.start;
      part.leader_epoch = topic->LeaderEpochAt(asked.partition_index, bounds.start);
      return;
    case kLatestTiered:
    case kEarliestPendingUpload:
      return;  // there is no remote storage, so there is no such offset
    case kMaxTimestamp:
      return partition->FindMaxTimestamp(
          Finder(call.cluster, gathered, place, bounds, [](const storage::Batch& batch) {
            return [max = batch.max_timestamp](std::int64_t timestamp) { return timestamp >= max; };
          }));
    default:
      return partition->FindByTimestamp(asked.timestamp,
                                        Finder(call.cluster, gathered, place, bounds,
                                               [wanted = asked.timestamp](const storage::Batch&) {
                                                 return [wanted](std::int64_t timestamp) {
                                                   return timestamp >= wanted;
                                                 };
                                               }));
  }
}

// Those of the topic's partitions that stand there twice.
std::set<std::int32_t> Repeated(const ListOffsetsTopic& topic) {
  std::set<std::int32_t> seen, repeated;
  for (const ListOffsetsPartition& asked : topic.partitions) {
    if (!seen.insert(asked.partition_index).second) repeated.insert(asked.partition_index);
  }
  return repeated;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  std::vector<std::pair<const ListOffsetsPartition*, Place>> wanted;
  for (const ListOffsetsTopic& topic : request.topics) {
    TopicResponse& response = gathered->response.topics.emplace_back(TopicResponse{topic.name, {}});
    const std::set<std::int32_t> repeated = Repeated(topic);
    for (const std::int32_t index : repeated) {
      PartitionResponse& refused = response.partitions.emplace_back();
      refused.partition_index = index;
      refused.error_code = ErrorCode::kInvalidRequest;
    }
    for (const ListOffsetsPartition& asked : topic.partitions) {
      if (repeated.contains(asked.partition_index)) continue;
      wanted.push_back(
          {&asked, {gathered->response.topics.size() - 1, response.partitions.size()}});
      response.partitions.emplace_back().partition_index = asked.partition_index;
    }
  }
  for (const auto& [asked, place] : wanted) {
    LookUp(call, request.isolation_level == kReadCommitted, request.topics[place.topic].name,
           *asked, gathered, place);
  }
  gathered->Pay();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const ListOffsetsTopic& topic : request.topics) {
    TopicResponse& answered = response.topics.emplace_back(TopicResponse{topic.name, {}});
    for (const ListOffsetsPartition& asked : topic.partitions) {
      PartitionResponse& part = answered.partitions.emplace_back();
      part.partition_index = asked.partition_index;
      part.error_code = error;
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_02_list_offsets = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 2, .name = "ListOffsets", .min_version = 1, .max_version = 11, .flexible_since = 6});

}  // namespace wherry::kafka
