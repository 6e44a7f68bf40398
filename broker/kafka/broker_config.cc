#include "broker/kafka/broker_config.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/kafka/topic_config.h"

namespace wherry::kafka {

namespace {

constexpr auto kBoolean = ConfigType::kBoolean;
constexpr auto kDouble = ConfigType::kDouble;
constexpr auto kInt = ConfigType::kInt;
constexpr auto kLong = ConfigType::kLong;
constexpr auto kString = ConfigType::kString;
constexpr std::int64_t kMin = INT64_MIN;

// log.retention.check.interval.ms is read-only in Kafka; a test wants to set it.
constexpr BrokerConfig kOwn[] = {
    {{"auto.create.topics.enable", kBoolean, "true",
      "Whether a topic is created by asking for it."}},
    {{"background.threads", kInt, "10", "Threads for what is done behind requests.", 1},
     ConfigUpdate::kClusterWide},
    {{"broker.id", kInt, "1", "The node's id."}},
    {{"connections.max.reauth.ms", kLong, "0",
      "How long a client has said who it is by SASL; 0: for good."}},
    {{"default.replication.factor", kInt, "1", "Replicas of a topic that does not say.", 1}},
    {{"delete.topic.enable", kBoolean, "true", "Whether topics can be deleted."}},
    {{"group.consumer.heartbeat.interval.ms", kInt, "5000",
      "How often members of a consumer group say that they are there.", 1}},
    {{"group.consumer.session.timeout.ms", kInt, "45000",
      "After what silence a member of a consumer group is expelled.", 1}},
    {{"group.initial.rebalance.delay.ms", kInt, "0",
      "How long a new group waits for more members.", 0}},
    {{"group.max.session.timeout.ms", kInt, "1800000",
      "The longest session timeout that a member may ask for."}},
    {{"group.min.session.timeout.ms", kInt, "10",
      "The shortest session timeout that a member may ask for."}},
    {{"group.share.heartbeat.interval.ms", kInt, "5000",
      "How often members of a share group say that they are there.", 1}},
    {{"group.share.session.timeout.ms", kInt, "45000",
      "After what silence a member of a share group is expelled.", 1}},
    {{"group.streams.heartbeat.interval.ms", kInt, "5000",
      "How often members of a streams group say that they are there.", 1}},
    {{"group.streams.initial.rebalance.delay.ms", kInt, "3000",
      "How long a new streams group waits for more members.", 0}},
    {{"group.streams.num.standby.replicas", kInt, "0", "Standby replicas of each task.", 0}},
    {{"group.streams.session.timeout.ms", kInt, "45000",
      "After what silence a member of a streams group is expelled.", 1}},
    {{"log.cleaner.backoff.ms", kLong, "15000",
      "How long after an append compaction looks at the log again.", 0},
     ConfigUpdate::kClusterWide},
    {{"log.cleaner.dedupe.buffer.size", kLong, "134217728",
      "Memory for the keys of a log that is compacted."},
     ConfigUpdate::kClusterWide},
    {{"log.cleaner.enable", kBoolean, "true", "Whether logs are compacted."}},
    {{"log.cleaner.io.buffer.load.factor", kDouble, "0.9", "How full the key map may become."},
     ConfigUpdate::kClusterWide},
    {{"log.cleaner.io.buffer.size", kInt, "524288", "Memory for reading while compacting.", 0},
     ConfigUpdate::kClusterWide},
    {{"log.cleaner.threads", kInt, "1", "Threads that compact.", 0}, ConfigUpdate::kClusterWide},
    {{"log.flush.scheduler.interval.ms", kLong, "9223372036854775807",
      "How often it is looked for logs to sync."}},
    {{"log.retention.check.interval.ms", kLong, "300000",
      "How long after an append retention looks at the log again.", 1},
     ConfigUpdate::kClusterWide},
    {{"log.retention.hours", kInt, "168", "How long records are kept."}},
    {{"log.retention.minutes", kInt, nullptr, "How long records are kept."}},
    {{"log.roll.hours", kInt, "168", "The age at which a segment ends.", 1}},
    {{"log.roll.jitter.hours", kInt, "0", "By how much that age may vary.", 0}},
    {{"max.connection.creation.rate", kInt, "2147483647", "New connections a second.", 0},
     ConfigUpdate::kClusterWide},
    {{"max.connections", kInt, "2147483647", "Connections at one time.", 0},
     ConfigUpdate::kClusterWide},
    {{"max.connections.per.ip", kInt, "2147483647", "Connections of one address.", 0},
     ConfigUpdate::kClusterWide},
    {{"node.id", kInt, nullptr, "The node's id.", 0}},
    {{"num.io.threads", kInt, "8", "Threads that handle requests.", 1}, ConfigUpdate::kClusterWide},
    {{"num.network.threads", kInt, "3", "Threads that serve sockets.", 1},
     ConfigUpdate::kPerBroker},
    {{"num.partitions", kInt, "1", "Partitions of a topic that does not say.", 1}},
    {{"num.recovery.threads.per.data.dir", kInt, "2", "Threads that open logs.", 1},
     ConfigUpdate::kClusterWide},
    {{"num.replica.fetchers", kInt, "1", "Threads that follow leaders.", kMin},
     ConfigUpdate::kClusterWide},
    {{"offset.metadata.max.bytes", kInt, "4096", "What a committed offset may carry."}},
    {{"process.roles", kString, "broker,controller", "What the node does."}},
    {{"producer.id.expiration.ms", kInt, "86400000", "How long a silent producer is remembered.",
      1},
     ConfigUpdate::kClusterWide},
    {{"transaction.partition.verification.enable", kBoolean, "true",
      "Whether a transaction's partitions are checked at the append."},
     ConfigUpdate::kClusterWide},
};

// In Kafka too, these have no default of their own: the one with another unit has, which is told
// behind them where they are set. nullptr: `synonym` is none of these.
const char* InOtherUnit(std::string_view synonym) {
  if (synonym == "log.retention.ms") return "log.retention.hours";
  if (synonym == "log.roll.ms") return "log.roll.hours";
  if (synonym == "log.roll.jitter.ms") return "log.roll.jitter.hours";
  if (synonym == "log.flush.interval.ms") return "log.flush.scheduler.interval.ms";
  return nullptr;
}

std::vector<BrokerConfig> AllConfigs() {
  std::vector<BrokerConfig> all(std::begin(kOwn), std::end(kOwn));
  for (const ConfigDefinition& topic : TopicConfigs()) {
    if (topic.synonym == nullptr) continue;
    BrokerConfig& config = all.emplace_back(BrokerConfig{topic, ConfigUpdate::kClusterWide});
    config.definition.name = topic.synonym;
    config.definition.synonym = InOtherUnit(topic.synonym);
    if (config.definition.synonym != nullptr) config.definition.default_value = nullptr;
  }
  std::sort(all.begin(), all.end(), [](const BrokerConfig& a, const BrokerConfig& b) {
    return std::string_view(a.definition.name) < std::string_view(b.definition.name);
  });
  return all;
}

}  // namespace

const std::vector<BrokerConfig>& BrokerConfigs() {
  static const auto* const configs = new std::vector<BrokerConfig>(AllConfigs());
  return *configs;
}

const BrokerConfig* FindBrokerConfig(std::string_view name) {
  for (const BrokerConfig& config : BrokerConfigs()) {
    if (config.definition.name == name) return &config;
  }
  return nullptr;
}

absl::Status CheckBrokerConfigs(const ConfigOverrides& configs) {
  if (absl::Status status = CheckConfigBytes(configs); !status.ok()) return status;
  std::vector<std::string> read_only;
  for (const auto& [name, value] : configs) {
    const BrokerConfig* const config = FindBrokerConfig(name);
    if (config == nullptr) continue;
    if (config->update == ConfigUpdate::kReadOnly) read_only.push_back(name);
    absl::Status status = CheckConfig(config->definition, value);
    if (!status.ok()) return status;
  }
  if (read_only.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("Cannot update these configs dynamically: Set(" +
                                    absl::StrJoin(read_only, ", ") + ")");
}

}  // namespace wherry::kafka
