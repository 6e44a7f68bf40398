#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "broker/kafka/config_definition.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

class Cluster;

// What becomes of a change: of which resource, and an error in Kafka's words.
struct AlterResult {
  ErrorCode error = ErrorCode::kNone;
  std::string message;
};

// One resource, by its number and name, and what is to be set of it; shared by AlterConfigs and
// IncrementalAlterConfigs.
//
// What is set of it already; nullptr: there is no such resource, `result` says why.
const ConfigOverrides* FindConfigs(Cluster& cluster, std::int8_t type, const std::string& name,
                                   AlterResult& result);
// Whether all of `configs` may be set of it together.
AlterResult CheckConfigs(const Cluster& cluster, std::int8_t type, const std::string& name,
                         const ConfigOverrides& configs);
// Sets it, once it is checked; `done` runs as a later task, when it is kept.
void SetConfigs(Cluster& cluster, std::int8_t type, const std::string& name,
                ConfigOverrides configs, absl::AnyInvocable<void(AlterResult)> done);

// The definition of a resource's configuration; nullptr: there is none.
const ConfigDefinition* FindConfig(std::int8_t type, std::string_view name);

}  // namespace wherry::kafka
