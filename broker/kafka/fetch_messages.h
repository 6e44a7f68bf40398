#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/kafka/error_code.h"
#include "protocol/wire/visitor.h"

// What a Fetch says and is answered, as api/01_fetch.cc handles it. Values.
namespace wherry::kafka::fetch {

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

}  // namespace wherry::kafka::fetch
