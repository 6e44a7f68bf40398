#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wherry/export.h"
#include "wherry/inspect.h"
#include "wherry/status.h"

namespace wherry {

namespace embed {
struct NamespaceState;
}

// One record of a Kafka topic. A value; owns its bytes.
struct KafkaRecord {
  std::optional<std::string> key;    // nullopt: null, which is not the empty key
  std::optional<std::string> value;  // nullopt: null (a tombstone)
  // In order; a value may be null, names may repeat.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  // Milliseconds since the epoch. In Append, -1 takes the broker's clock.
  std::int64_t timestamp = -1;
  // Where it lies. Filled in by what reads; ignored by Append.
  std::int64_t offset = -1;
  std::int32_t partition = -1;
};

// As GoogleTest prints it.
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const KafkaRecord& record);

// Where an appended record came to lie.
struct KafkaPosition {
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

// The Kafka log without a socket: the same topics, offsets and groups as the clients on the wire
// see.
// Threads: every function from any thread but the broker's own (kFailedPrecondition there): they
// wait for the broker's thread, and Append for the commit. Owned by the Namespace.
class WHERRY_EXPORT Kafka {
 public:
  // Creates a topic. `partitions` -1 takes KafkaOptions::default_partitions; a replication factor
  // above the number of nodes means as many as there are, unless KafkaOptions::strict.
  // kAlreadyExists; kInvalidArgument: a name Kafka refuses, a number of partitions or a replication
  // factor below 1, or one that is too high.
  Status CreateTopic(std::string_view topic, std::int32_t partitions = -1,
                     std::int16_t replication_factor = 1);
  // Deletes a topic with its records and committed offsets. kNotFound.
  Status DeleteTopic(std::string_view topic);
  // Names, in order.
  StatusOr<std::vector<std::string>> Topics();

  // Appends one record and waits until it is committed. `partition` -1 chooses: by murmur2 of the
  // key as the Java client does, round robin without a key.
  // kNotFound: no such topic or partition; kResourceExhausted: the memory limit; kInternal: the
  // disk.
  StatusOr<KafkaPosition> Append(std::string_view topic, const KafkaRecord& record,
                                 std::int32_t partition = -1);

  // Up to `max_records` records from `offset` on, in order; fewer at the end, none at the high
  // watermark. As a consumer that reads uncommitted: records of open and aborted transactions too,
  // but not the markers that end them, so offsets may have gaps.
  // kNotFound; kOutOfRange: the offset lies outside the bounds, which the message gives.
  StatusOr<std::vector<KafkaRecord>> Read(std::string_view topic, std::int32_t partition,
                                          std::int64_t offset, std::size_t max_records = 1000);
  // Every record of a partition that is committed now.
  StatusOr<std::vector<KafkaRecord>> ReadAll(std::string_view topic, std::int32_t partition);
  // Every record of a topic that is committed now: partition by partition, each in order.
  // kNotFound: no such topic.
  StatusOr<std::vector<KafkaRecord>> Records(std::string_view topic);
  StatusOr<KafkaBounds> Bounds(std::string_view topic, std::int32_t partition);

  // The offsets a group committed, by topic and partition; empty for a group that never did.
  StatusOr<std::map<std::pair<std::string, std::int32_t>, std::int64_t>> CommittedOffsets(
      std::string_view group);

  // For a broker that poses as several (KafkaOptions::nodes). Each is over for every client when it
  // returns, and begins a new leader epoch of the partitions it moves.
  //
  // The partition is led by `node` from here on, one that has a replica of it (a topic with a
  // replication factor above 1 has several). kNotFound: no such topic or partition;
  // kInvalidArgument: no such node, or it has no replica; kFailedPrecondition: it has stopped.
  Status MoveLeader(std::string_view topic, std::int32_t partition, std::int32_t node);
  // The node goes down: its connections end, nobody reaches it, and it stands in no answer. Its
  // partitions are led by other replicas, or, where there is none, by nobody; its groups and
  // transactional ids are coordinated by another node. Nothing is lost. It stays down until
  // StartNode, a Restart of the broker or a Reset of the namespace. kInvalidArgument: no such node.
  Status StopNode(std::int32_t node);
  // It comes up again, at the same address. It leads what nobody did; what others lead by now comes
  // back by an election of the preferred leader (ElectLeaders), or by MoveLeader.
  // kInvalidArgument: no such node; kUnavailable: its port was lost to somebody else.
  Status StartNode(std::int32_t node);

  // Asks clients for their metrics (KIP-714), as Kafka's kafka-client-metrics.sh does; replaces a
  // subscription of the same name. Clients learn from ApiVersions whether anybody asks, so the
  // first subscription must be there before they connect. kInvalidArgument: an interval or a match
  // that cannot be; kResourceExhausted: 100 subscriptions are there.
  Status SubscribeTelemetry(std::string_view name, const TelemetrySubscription& subscription = {});
  // Nothing happens if there is none.
  Status UnsubscribeTelemetry(std::string_view name);
  // The clients that were asked, the latest thousand, and what each pushed last.
  StatusOr<std::vector<ClientTelemetry>> Telemetry();

  // A topic with its partitions and configurations. kNotFound.
  StatusOr<TopicInfo> DescribeTopic(std::string_view topic);
  // Every group that has members or has committed, by name.
  StatusOr<std::vector<GroupInfo>> Groups();
  // kNotFound: nobody has joined it, or committed to it.
  StatusOr<GroupInfo> DescribeGroup(std::string_view group);

 private:
  friend struct embed::NamespaceState;
  struct State;
  explicit Kafka(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wherry
