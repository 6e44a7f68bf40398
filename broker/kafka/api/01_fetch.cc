// Fetch: reads batches from several partitions, waiting for more where there is too little.
//
// Versions 4-18. v4 brought isolation levels, v5 the log start offset, v7 incremental sessions
// (KIP-227), v9 leader epochs (KIP-320), v11 racks (KIP-392), v12 flexible fields and divergence,
// v13 topic ids instead of names (KIP-516), v16 the way to a new leader (KIP-951). v15, v17 and v18
// changed what followers say of themselves; v14 nothing that one node sees.
// Not implemented: fetch sessions: every answer carries session id 0, which tells the client to
// send its whole request each time; transactions: the last stable offset is the high watermark.

#include <algorithm>
#include <deque>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/runtime/timers.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct FetchPartition {
  std::int32_t partition = 0;
  std::int32_t current_leader_epoch = -1;
  std::int64_t fetch_offset = 0;
  std::int32_t last_fetched_epoch = -1;
  std::int64_t log_start_offset = -1;
  std::int32_t partition_max_bytes = 0;
  wire::Uuid replica_directory_id;
  std::int64_t high_watermark = INT64_MAX;

  static void Visit(auto& v, auto& m) {
    v.Field("Partition", m.partition);
    v.Since(9).Field("CurrentLeaderEpoch", m.current_leader_epoch);
    v.Field("FetchOffset", m.fetch_offset);
    v.Since(12).Field("LastFetchedEpoch", m.last_fetched_epoch);
    v.Since(5).Field("LogStartOffset", m.log_start_offset);
    v.Field("PartitionMaxBytes", m.partition_max_bytes);
    v.Since(17).Tagged(0, "ReplicaDirectoryId", m.replica_directory_id);
    v.Since(18).Tagged(1, "HighWatermark", m.high_watermark, INT64_MAX);
  }
};

struct FetchTopic {
  std::string topic;
  wire::Uuid topic_id;
  std::vector<FetchPartition> partitions;

  static void Visit(auto& v, auto& m) {
    v.Until(12).Field("Topic", m.topic);
    v.Since(13).Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct ForgottenTopic {
  std::string topic;
  wire::Uuid topic_id;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Since(7).Until(12).Field("Topic", m.topic);
    v.Since(13).Field("TopicId", m.topic_id);
    v.Since(7).Array("Partitions", m.partitions);
  }
};

struct ReplicaState {
  std::int32_t replica_id = -1;
  std::int64_t replica_epoch = -1;
  bool operator==(const ReplicaState&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Since(15).Field("ReplicaId", m.replica_id);
    v.Since(15).Field("ReplicaEpoch", m.replica_epoch);
  }
};

struct Request {
  std::optional<std::string> cluster_id;
  std::int32_t replica_id = -1;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = INT32_MAX;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<FetchTopic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string rack_id;

  static void Visit(auto& v, auto& m) {
    v.Since(12).Tagged(0, "ClusterId", m.cluster_id);
    v.Until(14).Field("ReplicaId", m.replica_id);
    v.Since(15).Tagged(1, "ReplicaState", m.replica_state);
    v.Field("MaxWaitMs", m.max_wait_ms);
    v.Field("MinBytes", m.min_bytes);
    v.Since(3).Field("MaxBytes", m.max_bytes);
    v.Since(4).Field("IsolationLevel", m.isolation_level);
    v.Since(7).Field("SessionId", m.session_id);
    v.Since(7).Field("SessionEpoch", m.session_epoch);
    v.Array("Topics", m.topics);
    v.Since(7).Array("ForgottenTopicsData", m.forgotten_topics_data);
    v.Since(11).Field("RackId", m.rack_id);
  }
};

struct AbortedTransaction {
  std::int64_t producer_id = 0;
  std::int64_t first_offset = 0;

  static void Visit(auto& v, auto& m) {
    v.Since(4).Field("ProducerId", m.producer_id);
    v.Since(4).Field("FirstOffset", m.first_offset);
  }
};

struct EpochEndOffset {
  std::int32_t epoch = -1;
  std::int64_t end_offset = -1;
  bool operator==(const EpochEndOffset&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Field("Epoch", m.epoch);
    v.Field("EndOffset", m.end_offset);
  }
};

struct LeaderIdAndEpoch {
  std::int32_t leader_id = -1;
  std::int32_t leader_epoch = -1;
  bool operator==(const LeaderIdAndEpoch&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Field("LeaderId", m.leader_id);
    v.Field("LeaderEpoch", m.leader_epoch);
  }
};

struct SnapshotId {
  std::int64_t end_offset = -1;
  std::int32_t epoch = -1;
  bool operator==(const SnapshotId&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Field("EndOffset", m.end_offset);
    v.Field("Epoch", m.epoch);
  }
};

struct PartitionData {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t high_watermark = -1;
  std::int64_t last_stable_offset = -1;
  std::int64_t log_start_offset = -1;
  EpochEndOffset diverging_epoch;
  LeaderIdAndEpoch current_leader;
  SnapshotId snapshot_id;
  std::optional<std::vector<AbortedTransaction>> aborted_transactions;
  std::int32_t preferred_read_replica = -1;
  // Never null: clients take null for a broken answer.
  wire::Records records{.null = false, .view = {}, .batches = {}};

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("ErrorCode", m.error_code);
    v.Field("HighWatermark", m.high_watermark);
    v.Since(4).Field("LastStableOffset", m.last_stable_offset);
    v.Since(5).Field("LogStartOffset", m.log_start_offset);
    v.Since(12).Tagged(0, "DivergingEpoch", m.diverging_epoch);
    v.Since(12).Tagged(1, "CurrentLeader", m.current_leader);
    v.Since(12).Tagged(2, "SnapshotId", m.snapshot_id);
    v.Since(4).Nullable("AbortedTransactions", m.aborted_transactions);
    v.Since(11).Field("PreferredReadReplica", m.preferred_read_replica);
    v.Nullable("Records", m.records);
  }
};

struct FetchableTopicResponse {
  std::string topic;
  wire::Uuid topic_id;
  std::vector<PartitionData> partitions;

  static void Visit(auto& v, auto& m) {
    v.Until(12).Field("Topic", m.topic);
    v.Since(13).Field("TopicId", m.topic_id);
    v.Array("Partitions", m.partitions);
  }
};

struct NodeEndpoint {
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;
  bool operator==(const NodeEndpoint&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Since(16).Field("NodeId", m.node_id);
    v.Since(16).Field("Host", m.host);
    v.Since(16).Field("Port", m.port);
    v.Since(16).Nullable("Rack", m.rack);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t session_id = 0;
  std::vector<FetchableTopicResponse> responses;
  std::vector<NodeEndpoint> node_endpoints;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Since(7).Field("ErrorCode", m.error_code);
    v.Since(7).Field("SessionId", m.session_id);
    v.Array("Responses", m.responses);
    v.Since(16).Tagged(0, "NodeEndpoints", m.node_endpoints);
  }
};

// As Kafka's fetch.max.bytes; a client may ask for less.
constexpr std::int64_t kMaxResponseBytes = 55 * 1024 * 1024;
// A client that asks to wait longer hears from us after this, and asks again.
constexpr std::chrono::minutes kMaxWait{5};
constexpr std::int16_t kTopicIdsSince = 13;

// One request, from its arrival to its answer: first it waits until min_bytes are there, an error
// is, or the time is up; then it reads partition by partition, in the order of the request.
// Threads: the home shard. Owned by what it waits for (its timer, its waiters, a read under way),
// until it is answered or abandoned.
class FetchOperation : public std::enable_shared_from_this<FetchOperation> {
 public:
  FetchOperation(const Call& call, const Request& request, Reply<Response> reply)
      : cluster_(call.cluster),
        by_id_(call.version >= kTopicIdsSince),
        request_(request),
        reply_(std::move(reply)),
        timer_(call.cluster.home().timers(), runtime::TimerKind::kPatience, "fetch"),
        bytes_left_(std::min<std::int64_t>(request.max_bytes, kMaxResponseBytes)) {}

  void Begin() {
    Lay();
    if (request_.max_wait_ms <= 0 || Satisfied()) return Collect();
    const auto wait =
        std::min<runtime::Duration>(std::chrono::milliseconds(request_.max_wait_ms), kMaxWait);
    timer_.Arm(wait, [self = shared_from_this()] { self->Collect(); });
    reply_.OnAbandoned([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->StopWaiting();
    });
    ForEach([this](const FetchPartition& asked, PartitionData&, core::Partition* partition) {
      static_cast<void>(asked);
      waiters_.emplace_back(*partition, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self != nullptr && self->Satisfied()) self->Collect();
      });
      return true;
    });
  }

 private:
  // The response in the shape of the request.
  void Lay() {
    for (const FetchTopic& topic : request_.topics) {
      FetchableTopicResponse& part = response_.responses.emplace_back();
      part.topic = topic.topic;
      part.topic_id = topic.topic_id;
      for (const FetchPartition& asked : topic.partitions) {
        part.partitions.emplace_back().partition_index = asked.partition;
      }
    }
  }

  core::Partition* Find(std::size_t t, std::size_t p) const {
    const Topic* const topic = FindTopic(t);
    return topic == nullptr ? nullptr
                            : topic->partition(request_.topics[t].partitions[p].partition);
  }

  const Topic* FindTopic(std::size_t t) const {
    const FetchTopic& asked = request_.topics[t];
    return cluster_.topics().Find(asked.topic_id, asked.topic);
  }

  // Calls `visit(asked, answered, partition)` for each until it returns false; false then.
  template <typename Visit>
  bool ForEach(Visit visit) {
    for (std::size_t t = 0; t < request_.topics.size(); ++t) {
      for (std::size_t p = 0; p < request_.topics[t].partitions.size(); ++p) {
        if (!visit(request_.topics[t].partitions[p], response_.responses[t].partitions[p],
                   Find(t, p))) {
          return false;
        }
      }
    }
    return true;
  }

  static ErrorCode Check(const FetchPartition& asked, const core::Partition* partition) {
    if (partition == nullptr) return ErrorCode::kUnknownTopicOrPartition;
    if (asked.current_leader_epoch > Cluster::kLeaderEpoch) return ErrorCode::kUnknownLeaderEpoch;
    if (asked.fetch_offset < partition->start_offset() ||
        asked.fetch_offset > partition->high_watermark()) {
      return ErrorCode::kOffsetOutOfRange;
    }
    return ErrorCode::kNone;
  }

  bool Satisfied() {
    if (request_.topics.empty()) return true;
    std::uint64_t bytes = 0;
    const std::uint64_t wanted = static_cast<std::uint64_t>(std::max(request_.min_bytes, 0));
    const bool all_wait =
        ForEach([&](const FetchPartition& asked, PartitionData&, core::Partition* partition) {
          if (Check(asked, partition) != ErrorCode::kNone) return false;
          bytes += partition->BytesFrom(asked.fetch_offset);
          return bytes < wanted;
        });
    return !all_wait || bytes >= wanted;
  }

  void StopWaiting() {
    // The timer's callback may be what holds us.
    const auto alive = shared_from_this();
    waiters_.clear();
    timer_.Cancel();
  }

  void Collect() {
    const auto alive = shared_from_this();
    StopWaiting();
    for (; topic_ < request_.topics.size(); ++topic_, partition_ = 0) {
      for (; partition_ < request_.topics[topic_].partitions.size(); ++partition_) {
        if (!CollectOne()) return;
      }
    }
    reply_.Send(response_);
  }

  // False: the batches come later, from disk.
  bool CollectOne() {
    const FetchPartition& asked = request_.topics[topic_].partitions[partition_];
    PartitionData& part = response_.responses[topic_].partitions[partition_];
    core::Partition* const partition = Find(topic_, partition_);
    part.error_code = Check(asked, partition);
    if (by_id_ && FindTopic(topic_) == nullptr) part.error_code = ErrorCode::kUnknownTopicId;
    if (partition != nullptr) {
      part.high_watermark = part.last_stable_offset = partition->high_watermark();
      part.log_start_offset = partition->start_offset();
    }
    if (part.error_code != ErrorCode::kNone) return true;
    // The first batch is returned whatever its size, or its reader would stand still (KIP-74).
    if (has_records_ && bytes_left_ <= 0) return true;
    const std::int64_t limit = std::min<std::int64_t>(asked.partition_max_bytes, bytes_left_);
    const auto max_bytes = static_cast<std::size_t>(std::max<std::int64_t>(limit, 0));
    if (auto now = partition->ReadNow(asked.fetch_offset, max_bytes); now.has_value()) {
      Take(*std::move(now), part);
      return true;
    }
    partition->Read(asked.fetch_offset, max_bytes,
                    [self = shared_from_this()](core::Partition::ReadResult read) {
                      self->Take(
                          std::move(read),
                          self->response_.responses[self->topic_].partitions[self->partition_]);
                      ++self->partition_;
                      self->Collect();
                    });
    return false;
  }

  void Take(core::Partition::ReadResult read, PartitionData& part) {
    if (!read.ok()) {
      part.error_code = absl::IsOutOfRange(read.status()) ? ErrorCode::kOffsetOutOfRange
                        : absl::IsNotFound(read.status()) ? ErrorCode::kUnknownTopicOrPartition
                                                          : ErrorCode::kKafkaStorageError;
      if (part.error_code == ErrorCode::kKafkaStorageError) {
        const Topic* const topic = FindTopic(topic_);
        cluster_.Log(absl::StrCat("reading topic '", topic == nullptr ? "" : topic->name,
                                  "' failed: ", std::string(read.status().message())));
      }
      return;
    }
    for (storage::Batch& batch : *read) {
      const auto size = static_cast<std::int64_t>(batch.bytes->size());
      // A read returns one batch at least, which only the first partition with any may send in
      // spite of the limit.
      if (has_records_ && size > bytes_left_) return;
      has_records_ = true;
      bytes_left_ -= size;
      part.records.batches.push_back(std::move(batch.bytes));
    }
  }

  Cluster& cluster_;
  const bool by_id_;
  const Request request_;
  Reply<Response> reply_;
  Response response_;
  runtime::Timer timer_;
  std::deque<core::Partition::Waiter> waiters_;
  std::int64_t bytes_left_;
  bool has_records_ = false;
  std::size_t topic_ = 0;  // the next to be read
  std::size_t partition_ = 0;
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  if (request.session_id != 0) {
    Response response;
    // We gave out none.
    response.error_code = ErrorCode::kFetchSessionIdNotFound;
    return reply.Send(response);
  }
  std::make_shared<FetchOperation>(call, request, std::move(reply))->Begin();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const FetchTopic& topic : request.topics) {
    FetchableTopicResponse& answered = response.responses.emplace_back();
    answered.topic = topic.topic;
    answered.topic_id = topic.topic_id;
    for (const FetchPartition& asked : topic.partitions) {
      PartitionData& part = answered.partitions.emplace_back();
      part.partition_index = asked.partition;
      part.error_code = error;
    }
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_01_fetch = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 1, .name = "Fetch", .min_version = 4, .max_version = 18, .flexible_since = 12});

}  // namespace wherry::kafka
