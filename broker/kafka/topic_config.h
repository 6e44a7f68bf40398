#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace wherry::kafka {

// What DescribeConfigs calls the types of values.
enum class ConfigType : std::int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kLong = 5,
  kDouble = 6,
  kList = 7,
};

// One configuration of a topic as Kafka 4 knows it. Constant; any thread.
struct TopicConfig {
  const char* name;
  ConfigType type;
  const char* default_value;
  std::int64_t min = INT64_MIN;  // of kInt, kLong
  std::int64_t max = INT64_MAX;
  const char* choices = nullptr;  // of kString and kList: "delete,compact"
};

// What a topic's creator set; the others have their defaults.
using ConfigOverrides = std::map<std::string, std::string, std::less<>>;

std::span<const TopicConfig> TopicConfigs();
const TopicConfig* FindTopicConfig(std::string_view name);

// kInvalidArgument, in Kafka's words: no such configuration, or a value that it cannot have.
absl::Status CheckTopicConfig(std::string_view name, std::string_view value);

// The value in force for a topic with these overrides. `name` must be known.
std::string_view TopicConfigValue(const ConfigOverrides& overrides, std::string_view name);

// max.message.bytes of such a topic.
std::int64_t MaxMessageBytes(const ConfigOverrides& overrides);

}  // namespace wherry::kafka
