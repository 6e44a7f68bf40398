#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "broker/core/name_pattern.h"
#include "broker/kafka/config_definition.h"

namespace wherry::kafka {

// The configurations of a subscription to clients' metrics (KIP-714), in alphabetical order.
std::span<const ConfigDefinition> ClientMetricsConfigs();
const ConfigDefinition* FindClientMetricsConfig(std::string_view name);
// kInvalidArgument, in Kafka's words.
absl::Status CheckClientMetricsConfigs(const ConfigOverrides& configs);

// What a subscription can choose a client by.
struct TelemetryAttributes {
  std::string client_instance_id;
  std::string client_id;
  std::string client_software_name;
  std::string client_software_version;
  std::string client_source_address;
  std::string client_source_port;
};

// One condition of a subscription's `match`: "client_software_name=librdkafka.*".
struct TelemetryMatch {
  std::string TelemetryAttributes::*attribute = nullptr;
  std::shared_ptr<const core::NamePattern> pattern;  // null: nobody matches

  // kInvalidArgument, in Kafka's words.
  static absl::StatusOr<TelemetryMatch> Parse(std::string_view text);

  bool Matches(const TelemetryAttributes& client) const;
};

}  // namespace wherry::kafka
