#include "broker/kafka/topic_config.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace wherry::kafka {

namespace {

constexpr std::int64_t kMaxInt = INT32_MAX;

// Names, defaults and bounds: TopicConfig and ServerConfigs of Kafka 4.0.
constexpr TopicConfig kConfigs[] = {
    {"cleanup.policy", ConfigType::kList, "delete", INT64_MIN, INT64_MAX, "compact,delete"},
    {"compression.type", ConfigType::kString, "producer", INT64_MIN, INT64_MAX,
     "uncompressed,zstd,lz4,snappy,gzip,producer"},
    {"delete.retention.ms", ConfigType::kLong, "86400000", 0},
    {"file.delete.delay.ms", ConfigType::kLong, "60000", 0},
    {"flush.messages", ConfigType::kLong, "9223372036854775807", 1},
    {"flush.ms", ConfigType::kLong, "9223372036854775807", 0},
    {"index.interval.bytes", ConfigType::kInt, "4096", 0, kMaxInt},
    {"max.compaction.lag.ms", ConfigType::kLong, "9223372036854775807", 1},
    {"max.message.bytes", ConfigType::kInt, "1048588", 0, kMaxInt},
    {"message.timestamp.after.max.ms", ConfigType::kLong, "3600000", 0},
    {"message.timestamp.before.max.ms", ConfigType::kLong, "9223372036854775807", 0},
    {"message.timestamp.type", ConfigType::kString, "CreateTime", INT64_MIN, INT64_MAX,
     "CreateTime,LogAppendTime"},
    {"min.cleanable.dirty.ratio", ConfigType::kDouble, "0.5", 0, 1},
    {"min.compaction.lag.ms", ConfigType::kLong, "0", 0},
    {"min.insync.replicas", ConfigType::kInt, "1", 1, kMaxInt},
    {"preallocate", ConfigType::kBoolean, "false"},
    {"retention.bytes", ConfigType::kLong, "-1"},
    {"retention.ms", ConfigType::kLong, "604800000", -1},
    {"segment.bytes", ConfigType::kInt, "1073741824", 14, kMaxInt},
    {"segment.index.bytes", ConfigType::kInt, "10485760", 4, kMaxInt},
    {"segment.jitter.ms", ConfigType::kLong, "0", 0},
    {"segment.ms", ConfigType::kLong, "604800000", 1},
    {"unclean.leader.election.enable", ConfigType::kBoolean, "false"},
};

absl::Status Invalid(const TopicConfig& config, std::string_view value, std::string why) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid value ", std::string(value),
                                                 " for configuration ", config.name, ": ", why));
}

bool IsChoice(const char* choices, std::string_view value) {
  for (const absl::string_view choice : absl::StrSplit(choices, ',')) {
    if (std::string_view(choice.data(), choice.size()) == value) return true;
  }
  return false;
}

absl::Status CheckInteger(const TopicConfig& config, std::string_view value) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(value.data(), value.size()), &number)) {
    return Invalid(config, value, "Not a number");
  }
  if (number < config.min) {
    return Invalid(config, value, absl::StrCat("Value must be at least ", config.min));
  }
  if (number > config.max) {
    return Invalid(config, value, absl::StrCat("Value must be no more than ", config.max));
  }
  return absl::OkStatus();
}

absl::Status CheckChoices(const TopicConfig& config, std::string_view value) {
  if (config.type == ConfigType::kString) {
    if (IsChoice(config.choices, value)) return absl::OkStatus();
    return Invalid(config, value, absl::StrCat("must be one of ", config.choices));
  }
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(value.data(), value.size()), ',')) {
    const absl::string_view item = absl::StripAsciiWhitespace(part);
    if (!IsChoice(config.choices, std::string_view(item.data(), item.size()))) {
      return Invalid(config, value, absl::StrCat("must be of ", config.choices));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::span<const TopicConfig> TopicConfigs() { return kConfigs; }

const TopicConfig* FindTopicConfig(std::string_view name) {
  for (const TopicConfig& config : kConfigs) {
    if (config.name == name) return &config;
  }
  return nullptr;
}

absl::Status CheckTopicConfig(std::string_view name, std::string_view value) {
  const TopicConfig* const config = FindTopicConfig(name);
  if (config == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("Unknown topic config name: ", std::string(name)));
  }
  switch (config->type) {
    case ConfigType::kInt:
    case ConfigType::kLong:
      return CheckInteger(*config, value);
    case ConfigType::kBoolean:
      if (value == "true" || value == "false") return absl::OkStatus();
      return Invalid(*config, value, "Expected value to be either true or false");
    case ConfigType::kDouble: {
      double number = 0;
      if (!absl::SimpleAtod(absl::string_view(value.data(), value.size()), &number)) {
        return Invalid(*config, value, "Not a number");
      }
      if (number < static_cast<double>(config->min) || number > static_cast<double>(config->max)) {
        return Invalid(*config, value,
                       absl::StrCat("Value must lie in [", config->min, ",", config->max, "]"));
      }
      return absl::OkStatus();
    }
    case ConfigType::kString:
    case ConfigType::kList:
      return CheckChoices(*config, value);
  }
  return absl::OkStatus();
}

std::string_view TopicConfigValue(const ConfigOverrides& overrides, std::string_view name) {
  const auto found = overrides.find(name);
  if (found != overrides.end()) return found->second;
  return FindTopicConfig(name)->default_value;
}

std::int64_t MaxMessageBytes(const ConfigOverrides& overrides) {
  const std::string_view value = TopicConfigValue(overrides, "max.message.bytes");
  std::int64_t bytes = 0;
  // Checked when it was set.
  static_cast<void>(absl::SimpleAtoi(absl::string_view(value.data(), value.size()), &bytes));
  return bytes;
}

}  // namespace wherry::kafka
