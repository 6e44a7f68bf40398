#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "broker/kafka/config_definition.h"

namespace wherry::kafka {

// The configurations of groups (KIP-848, KIP-932, KIP-1071), in alphabetical order.
std::span<const ConfigDefinition> GroupConfigs();
const ConfigDefinition* FindGroupConfig(std::string_view name);
// kInvalidArgument, in Kafka's words.
absl::Status CheckGroupConfigs(const ConfigOverrides& configs);

}  // namespace wherry::kafka
