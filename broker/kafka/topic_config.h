#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "broker/kafka/config_definition.h"
#include "protocol/kafka/codec.h"

namespace wherry::kafka {

// The configurations of topics, in alphabetical order.
std::span<const ConfigDefinition> TopicConfigs();
const ConfigDefinition* FindTopicConfig(std::string_view name);

// kInvalidArgument, in Kafka's words: no such configuration, or a value that it cannot have.
absl::Status CheckTopicConfig(std::string_view name, std::string_view value);
// The same for all that is set of one topic, and what goes against one another.
absl::Status CheckTopicConfigs(const ConfigOverrides& configs);

// The value in force for a topic with these overrides, as far as the broker's configurations are
// not altered. `name` must be known.
std::string_view TopicConfigValue(const ConfigOverrides& overrides, std::string_view name);

// What a topic's configurations come to, ready for use.
struct TopicSettings {
  std::int64_t max_message_bytes = 1'048'588;
  bool compact = false;
  bool delete_old = true;
  bool log_append_time = false;
  std::optional<Codec> codec;  // nullopt: as the producer sent it
  std::int64_t timestamp_before_max_ms = INT64_MAX;
  std::int64_t timestamp_after_max_ms = 3'600'000;
  std::int64_t min_insync_replicas = 1;
  std::int64_t retention_ms = 604'800'000;  // -1: for ever
  std::int64_t retention_bytes = -1;        // -1: without limit
  std::int64_t segment_bytes = 1'073'741'824;
  std::int64_t segment_ms = 604'800'000;
  std::int64_t delete_retention_ms = 86'400'000;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = INT64_MAX;
  double min_cleanable_dirty_ratio = 0.5;
};

// `value_of` gives the value in force of each configuration of the topic.
TopicSettings SettingsOf(const std::function<std::string(std::string_view name)>& value_of);

}  // namespace wherry::kafka
