#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "broker/kafka/config_definition.h"

namespace wherry::kafka {

// Who may change a broker's configuration while it runs (KIP-226).
enum class ConfigUpdate : std::uint8_t {
  kReadOnly,     // nobody
  kPerBroker,    // a broker's alone, or that of all
  kClusterWide,  // the same
};

struct BrokerConfig {
  ConfigDefinition definition;
  ConfigUpdate update = ConfigUpdate::kReadOnly;
};

// Those configurations of Kafka's broker that mean something here, and the topics' synonyms, in
// alphabetical order. What is set of others is kept and has no effect.
const std::vector<BrokerConfig>& BrokerConfigs();
const BrokerConfig* FindBrokerConfig(std::string_view name);

// kInvalidArgument, in Kafka's words: what cannot be changed while the broker runs, or a value that
// it cannot have.
absl::Status CheckBrokerConfigs(const ConfigOverrides& configs);

}  // namespace wherry::kafka
