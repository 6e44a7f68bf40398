#include "broker/kafka/group_config.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace wherry::kafka {

namespace {

constexpr std::int64_t kMin = INT64_MIN, kMax = INT64_MAX;

constexpr ConfigDefinition kGroup[] = {
    {"consumer.heartbeat.interval.ms", ConfigType::kInt, "5000",
     "How often members of the consumer group say that they are there.", 1},
    {"consumer.session.timeout.ms", ConfigType::kInt, "45000",
     "After what silence a member of the consumer group is expelled.", 1},
    {"share.auto.offset.reset", ConfigType::kString, "latest",
     "Where the share group begins in a partition: latest, earliest, or by_duration:P..."},
    {"share.heartbeat.interval.ms", ConfigType::kInt, "5000",
     "How often members of the share group say that they are there.", 1},
    {"share.isolation.level", ConfigType::kString, "read_uncommitted",
     "Whether the share group sees records of transactions that are not committed.", kMin, kMax,
     "read_committed,read_uncommitted"},
    {"share.record.lock.duration.ms", ConfigType::kInt, "30000",
     "How long a member of the share group has a record for itself.", 1000, 3'600'000},
    {"share.session.timeout.ms", ConfigType::kInt, "45000",
     "After what silence a member of the share group is expelled.", 1},
    {"streams.heartbeat.interval.ms", ConfigType::kInt, "5000",
     "How often members of the streams group say that they are there.", 1},
    {"streams.initial.rebalance.delay.ms", ConfigType::kInt, "3000",
     "How long a new streams group waits for more members.", 0},
    {"streams.num.standby.replicas", ConfigType::kInt, "0", "Standby replicas of each task.", 0,
     2},
    {"streams.session.timeout.ms", ConfigType::kInt, "45000",
     "After what silence a member of the streams group is expelled.", 1},
};

std::int64_t NumberIn(const ConfigOverrides& configs, std::string_view name) {
  const auto found = configs.find(name);
  return NumberOf(found == configs.end() ? FindGroupConfig(name)->default_value : found->second);
}

// A member must have time for more than one heartbeat.
absl::Status CheckSession(const ConfigOverrides& configs, const std::string& kind) {
  const std::string session = kind + ".session.timeout.ms";
  const std::string heartbeat = kind + ".heartbeat.interval.ms";
  if (NumberIn(configs, session) > NumberIn(configs, heartbeat)) return absl::OkStatus();
  return absl::InvalidArgumentError(session + " must be greater than " + heartbeat);
}

absl::Status CheckOffsetReset(const ConfigOverrides& configs) {
  const auto found = configs.find("share.auto.offset.reset");
  if (found == configs.end() || found->second == "latest" || found->second == "earliest" ||
      found->second.starts_with("by_duration:P")) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "Invalid value ", found->second,
      " for configuration share.auto.offset.reset: must be latest, earliest, or by_duration:P... "
      "with a duration as ISO 8601 writes it"));
}

}  // namespace

std::span<const ConfigDefinition> GroupConfigs() { return kGroup; }

const ConfigDefinition* FindGroupConfig(std::string_view name) { return FindIn(kGroup, name); }

absl::Status CheckGroupConfigs(const ConfigOverrides& configs) {
  absl::Status status = CheckAll(kGroup, configs, "Unknown group config name: ");
  for (const char* const kind : {"consumer", "share", "streams"}) {
    if (status.ok()) status = CheckSession(configs, kind);
  }
  if (status.ok()) status = CheckOffsetReset(configs);
  return status;
}

}  // namespace wherry::kafka
