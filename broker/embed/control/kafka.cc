// Operations of wherry::Kafka.
#include <limits>

#include <boost/json/array.hpp>

#include "absl/strings/str_cat.h"
#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"

namespace wherry::embed::control {

namespace {

std::int32_t Partition(Arguments& in, std::int32_t fallback) {
  const std::int64_t partition = in.Integer("partition", fallback);
  if (partition >= fallback && partition <= std::numeric_limits<std::int32_t>::max()) {
    return static_cast<std::int32_t>(partition);
  }
  in.Complain(absl::StrCat("\"partition\" cannot be ", partition));
  return fallback;
}

std::int32_t Node(Arguments& in) {
  const std::int64_t node = in.Integer("node");
  if (node == static_cast<std::int32_t>(node)) return static_cast<std::int32_t>(node);
  in.Complain(absl::StrCat("\"node\" cannot be ", node));
  return 0;
}

Answer CreateTopic(const Scope& scope, Arguments& in) {
  const std::string topic = in.Text("topic");
  const std::int64_t partitions = in.Integer("partitions", -1);
  const std::int64_t factor = in.Integer("replication_factor", 1);
  if (partitions != static_cast<std::int32_t>(partitions)) {
    in.Complain(absl::StrCat("\"partitions\" cannot be ", partitions));
  }
  if (factor != static_cast<std::int16_t>(factor)) {
    in.Complain(absl::StrCat("\"replication_factor\" cannot be ", factor));
  }
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.kafka().CreateTopic(topic, static_cast<std::int32_t>(partitions),
                                              static_cast<std::int16_t>(factor)));
}

Answer MoveLeader(const Scope& scope, Arguments& in) {
  const std::string topic = in.Text("topic");
  const std::int32_t partition = Partition(in, 0);
  const std::int32_t node = Node(in);
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.kafka().MoveLeader(topic, partition, node));
}

Answer StopNode(const Scope& scope, Arguments& in) {
  const std::int32_t node = Node(in);
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.kafka().StopNode(node));
}

Answer StartNode(const Scope& scope, Arguments& in) {
  const std::int32_t node = Node(in);
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.kafka().StartNode(node));
}

Answer DeleteTopic(const Scope& scope, Arguments& in) {
  const std::string topic = in.Text("topic");
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.kafka().DeleteTopic(topic));
}

Answer Topics(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  const auto topics = scope.space.kafka().Topics();
  if (!topics.ok()) return topics.status();
  boost::json::array names;
  for (const std::string& topic : *topics) names.push_back(JsonText(topic));
  return boost::json::object{{"topics", std::move(names)}};
}

Answer Append(const Scope& scope, Arguments& in) {
  const std::string topic = in.Text("topic");
  const std::int32_t partition = Partition(in, -1);
  KafkaRecord record;
  record.key = in.Bytes("key");
  record.value = in.Bytes("value");
  record.headers = in.Headers("headers");
  record.timestamp = in.Integer("timestamp", -1);
  if (Status status = in.Check(); !status.ok()) return status;
  const auto position = scope.space.kafka().Append(topic, record, partition);
  if (!position.ok()) return position.status();
  return boost::json::object{{"partition", position->partition}, {"offset", position->offset}};
}

// From `offset` on, or from the start where that is negative; `most` records, or all.
StatusOr<std::vector<KafkaRecord>> ReadSome(Kafka& kafka, const std::string& topic,
                                            std::int32_t partition, std::int64_t offset,
                                            std::int64_t most) {
  if (offset < 0) {
    const auto bounds = kafka.Bounds(topic, partition);
    if (!bounds.ok()) return bounds.status();
    offset = bounds->start_offset;
  }
  return kafka.Read(topic, partition, offset,
                    most < 0 ? std::numeric_limits<std::size_t>::max()
                             : static_cast<std::size_t>(most));
}

Answer Records(const Scope& scope, Arguments& in) {
  const std::string topic = in.Text("topic");
  const bool all = !in.Has("partition");
  const std::int32_t partition = Partition(in, 0);
  const std::int64_t offset = in.Integer("offset", -1);
  const std::int64_t most = in.Integer("max_records", -1);
  if (all && (offset >= 0 || most >= 0)) {
    in.Complain("\"offset\" and \"max_records\" need a \"partition\"");
  }
  if (Status status = in.Check(); !status.ok()) return status;
  Kafka& kafka = scope.space.kafka();
  const auto records = all                        ? kafka.Records(topic)
                       : offset < 0 && most < 0 ? kafka.ReadAll(topic, partition)
                                                : ReadSome(kafka, topic, partition, offset, most);
  if (!records.ok()) return records.status();
  boost::json::array list;
  for (const KafkaRecord& record : *records) list.push_back(ToJson(record));
  return boost::json::object{{"records", std::move(list)}};
}

Answer Bounds(const Scope& scope, Arguments& in) {
  const std::string topic = in.Text("topic");
  const std::int32_t partition = Partition(in, 0);
  if (Status status = in.Check(); !status.ok()) return status;
  const auto bounds = scope.space.kafka().Bounds(topic, partition);
  if (!bounds.ok()) return bounds.status();
  return boost::json::object{{"start_offset", bounds->start_offset},
                             {"high_watermark", bounds->high_watermark}};
}

Answer CommittedOffsets(const Scope& scope, Arguments& in) {
  const std::string group = in.Text("group");
  if (Status status = in.Check(); !status.ok()) return status;
  const auto committed = scope.space.kafka().CommittedOffsets(group);
  if (!committed.ok()) return committed.status();
  boost::json::array offsets;
  for (const auto& [partition, offset] : *committed) {
    offsets.push_back({{"topic", JsonText(partition.first)},
                       {"partition", partition.second},
                       {"offset", offset}});
  }
  return boost::json::object{{"offsets", std::move(offsets)}};
}

Answer SubscribeTelemetry(const Scope& scope, Arguments& in) {
  const std::string name = in.Text("name");
  TelemetrySubscription subscription;
  if (in.Has("metrics")) subscription.metrics = in.Texts("metrics");
  subscription.interval = in.Patience("interval_ms", subscription.interval);
  subscription.match = in.Texts("match");
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.kafka().SubscribeTelemetry(name, subscription));
}

Answer UnsubscribeTelemetry(const Scope& scope, Arguments& in) {
  const std::string name = in.Text("name");
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.kafka().UnsubscribeTelemetry(name));
}

constexpr Operation kOperations[] = {
    {"kafka.create_topic", "{topic, partitions?, replication_factor? = 1} -> {}", CreateTopic},
    {"kafka.delete_topic", "{topic} -> {}", DeleteTopic},
    {"kafka.topics", "{} -> {topics: [name]}", Topics},
    {"kafka.append",
     "{topic, key?, value?, headers?: [{name, value}], timestamp?, partition?} -> "
     "{partition, offset}",
     Append},
    {"kafka.records",
     "{topic, partition?, offset?, max_records?} -> "
     "{records: [{partition, offset, timestamp, key, value, headers}]}",
     Records},
    {"kafka.move_leader", "{topic, partition? = 0, node} -> {}", MoveLeader},
    {"kafka.stop_node", "{node} -> {}", StopNode},
    {"kafka.start_node", "{node} -> {}", StartNode},
    {"kafka.bounds", "{topic, partition? = 0} -> {start_offset, high_watermark}", Bounds},
    {"kafka.committed_offsets", "{group} -> {offsets: [{topic, partition, offset}]}",
     CommittedOffsets},
    {"kafka.subscribe_telemetry",
     "{name, metrics?: [prefix] = [\"*\"], interval_ms? = 300000, match?: [\"name=pattern\"]} "
     "-> {}",
     SubscribeTelemetry},
    {"kafka.unsubscribe_telemetry", "{name} -> {}", UnsubscribeTelemetry},
};

}  // namespace

std::span<const Operation> KafkaOperations() { return kOperations; }

}  // namespace wherry::embed::control
