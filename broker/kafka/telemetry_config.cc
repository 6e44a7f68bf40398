#include "broker/kafka/telemetry_config.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"

namespace wherry::kafka {

namespace {

constexpr ConfigDefinition kClientMetrics[] = {
    {"interval.ms", ConfigType::kInt, "300000", "How often clients push their metrics.", 100,
     3'600'000},
    {"match", ConfigType::kList, "", "Which clients push: name=pattern, all of which must match."},
    {"metrics", ConfigType::kList, "", "Prefixes of the metrics that are wanted; *: all."},
};

struct Attribute {
  std::string_view name;
  std::string TelemetryAttributes::*value;
};

constexpr Attribute kAttributes[] = {
    {"client_instance_id", &TelemetryAttributes::client_instance_id},
    {"client_id", &TelemetryAttributes::client_id},
    {"client_software_name", &TelemetryAttributes::client_software_name},
    {"client_software_version", &TelemetryAttributes::client_software_version},
    {"client_source_address", &TelemetryAttributes::client_source_address},
    {"client_source_port", &TelemetryAttributes::client_source_port},
};

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::span<const ConfigDefinition> ClientMetricsConfigs() { return kClientMetrics; }

const ConfigDefinition* FindClientMetricsConfig(std::string_view name) {
  return FindIn(kClientMetrics, name);
}

absl::Status CheckClientMetricsConfigs(const ConfigOverrides& configs) {
  absl::Status status = CheckAll(kClientMetrics, configs, "Unknown client metrics configuration: ");
  const auto match = configs.find("match");
  if (!status.ok() || match == configs.end()) return status;
  for (const std::string& text : ListOf(match->second)) {
    status.Update(TelemetryMatch::Parse(text).status());
  }
  return status;
}

// Kafka splits at every '=' and wants two parts.
absl::StatusOr<TelemetryMatch> TelemetryMatch::Parse(std::string_view text) {
  const auto illegal = [text](const std::string& why) {
    return absl::InvalidArgumentError(
        absl::StrCat("Illegal client matching pattern: ", std::string(text), why));
  };
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals + 1 == text.size() || text.find('=', equals + 1) != text.npos) {
    return illegal("");
  }
  const std::string_view name = Trimmed(text.substr(0, equals));
  const auto attribute = std::find_if(std::begin(kAttributes), std::end(kAttributes),
                                      [name](const Attribute& one) { return one.name == name; });
  if (attribute == std::end(kAttributes)) return illegal("");
  auto pattern = core::NamePattern::Compile(Trimmed(text.substr(equals + 1)));
  if (!pattern.ok()) return illegal(absl::StrCat(" (", pattern.status().message(), ")"));
  return TelemetryMatch{attribute->value, *std::move(pattern)};
}

bool TelemetryMatch::Matches(const TelemetryAttributes& client) const {
  return pattern != nullptr && pattern->Matches(client.*attribute);
}

}  // namespace wherry::kafka
