#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace wherry::kafka {

// What configurations belong to, by Kafka's numbers (ConfigResource.Type).
enum class ConfigResource : std::int8_t {
  kTopic = 2,
  kBroker = 4,  // its name is the node's id, or empty: the default of the whole cluster
  kBrokerLogger = 8,
  kClientMetrics = 16,
  kGroup = 32,
};

// Where a value comes from, by Kafka's numbers (DescribeConfigsResponse.ConfigSource).
enum class ConfigSource : std::int8_t {
  kTopic = 1,
  kBroker = 2,
  kClusterDefault = 3,
  kStaticBroker = 4,
  kDefault = 5,
  kClientMetrics = 7,
  kGroup = 8,
};

// What DescribeConfigs calls the types of values.
enum class ConfigType : std::int8_t {
  kBoolean = 1,
  kString = 2,
  kInt = 3,
  kLong = 5,
  kDouble = 6,
  kList = 7,
};

// One configuration as Kafka 4 knows it. Constant; any thread.
struct ConfigDefinition {
  const char* name = "";
  ConfigType type = ConfigType::kString;
  const char* default_value = nullptr;  // nullptr: null
  const char* documentation = "";
  std::int64_t min = INT64_MIN;  // of kInt, kLong, kDouble
  std::int64_t max = INT64_MAX;
  const char* choices = nullptr;  // of kString and kList: "compact,delete"; nullptr: any
  // Of a topic's: the broker's configuration whose value it has unless it is set: "log.roll.ms".
  const char* synonym = nullptr;
};

// What somebody set; the others have their defaults.
using ConfigOverrides = std::map<std::string, std::string, std::less<>>;

// All that is set for one resource, in bytes.
inline constexpr std::size_t kMaxConfigBytes = 64 * 1024;

// kInvalidArgument, in Kafka's words: a value that this one cannot have.
absl::Status CheckConfig(const ConfigDefinition& config, std::string_view value);
// kInvalidArgument: they take more than kMaxConfigBytes.
absl::Status CheckConfigBytes(const ConfigOverrides& configs);

// nullptr: there is none of this name among them.
const ConfigDefinition* FindIn(std::span<const ConfigDefinition> configs, std::string_view name);
// kInvalidArgument, in Kafka's words: too many bytes, a value that one cannot have, or a name that
// is not `known`: `unknown` and the name.
absl::Status CheckAll(std::span<const ConfigDefinition> known, const ConfigOverrides& configs,
                      const char* unknown);

// "a, b,c" are "a", "b" and "c"; "" is nothing.
std::vector<std::string> ListOf(std::string_view value);

// The value of a kInt or kLong that has been checked.
std::int64_t NumberOf(std::string_view value);

}  // namespace wherry::kafka
