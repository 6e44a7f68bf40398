#include "broker/kafka/alter_configs.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "broker/kafka/broker_config.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_config.h"
#include "broker/kafka/telemetry_config.h"

namespace wherry::kafka {

namespace {

AlterResult Refused(ErrorCode error, std::string message) { return {error, std::move(message)}; }

AlterResult CheckTopic(Cluster& cluster, const std::string& name) {
  if (name.empty()) {
    return Refused(ErrorCode::kInvalidRequest, "Default topic resources are not allowed.");
  }
  const absl::Status valid = TopicCatalog::CheckName(name);
  if (!valid.ok()) {
    return Refused(ErrorCode::kInvalidTopicException, std::string(valid.message()));
  }
  if (cluster.topics().Find(name) != nullptr) return {};
  return Refused(ErrorCode::kUnknownTopicOrPartition,
                 absl::StrCat("The topic '", name, "' does not exist."));
}

AlterResult CheckBroker(const Cluster& cluster, const std::string& name) {
  std::int32_t id = 0;
  if (name.empty()) return {};
  if (!absl::SimpleAtoi(name, &id)) {
    return Refused(ErrorCode::kInvalidRequest,
                   absl::StrCat("Node id must be an integer, but it is: ", name));
  }
  if (cluster.nodes().Has(id)) return {};
  return Refused(ErrorCode::kInvalidRequest,
                 absl::StrCat("Unexpected broker id, expected ", Cluster::kNodeId,
                              ", but received ", name));
}

AlterResult CheckResource(Cluster& cluster, std::int8_t type, const std::string& name) {
  switch (static_cast<ConfigResource>(type)) {
    case ConfigResource::kTopic:
      return CheckTopic(cluster, name);
    case ConfigResource::kBroker:
      return CheckBroker(cluster, name);
    case ConfigResource::kClientMetrics:
      if (!name.empty()) return {};
      return Refused(ErrorCode::kInvalidRequest, "Subscription name can't be empty");
    case ConfigResource::kGroup:
      if (!name.empty()) return {};
      return Refused(ErrorCode::kInvalidRequest, "Default group resources are not allowed.");
    case ConfigResource::kBrokerLogger:
      break;
  }
  return Refused(ErrorCode::kInvalidRequest,
                 absl::StrCat("Unknown resource type ", static_cast<int>(type)));
}

}  // namespace

const ConfigOverrides* FindConfigs(Cluster& cluster, std::int8_t type, const std::string& name,
                                   AlterResult& result) {
  result = CheckResource(cluster, type, name);
  if (result.error != ErrorCode::kNone) return nullptr;
  const auto resource = static_cast<ConfigResource>(type);
  if (resource == ConfigResource::kTopic) return &cluster.topics().Find(name)->configs;
  return &cluster.configurations().Of(resource, name);
}

AlterResult CheckConfigs(const Cluster& cluster, std::int8_t type, const std::string& name,
                         const ConfigOverrides& configs) {
  const auto resource = static_cast<ConfigResource>(type);
  absl::Status status;
  // Kafka's broker refuses what the controller would call an invalid configuration.
  ErrorCode error = ErrorCode::kInvalidConfig;
  switch (resource) {
    case ConfigResource::kTopic:
      status = CheckTopicConfigs(configs);
      break;
    case ConfigResource::kBroker:
      status = CheckBrokerConfigs(configs);
      error = ErrorCode::kInvalidRequest;
      break;
    case ConfigResource::kClientMetrics:
      status = CheckClientMetricsConfigs(configs);
      break;
    case ConfigResource::kGroup:
      status = CheckGroupConfigs(configs);
      break;
    case ConfigResource::kBrokerLogger:
      break;
  }
  if (!status.ok()) return Refused(error, std::string(status.message()));
  if (resource == ConfigResource::kTopic || configs.empty()) return {};
  status = cluster.configurations().CheckSet(resource, name);
  return status.ok() ? AlterResult{}
                     : Refused(ErrorCode::kPolicyViolation, std::string(status.message()));
}

void SetConfigs(Cluster& cluster, std::int8_t type, const std::string& name,
                ConfigOverrides configs, absl::AnyInvocable<void(AlterResult)> done) {
  auto kept = [done = std::move(done)](const absl::Status& status) mutable {
    done(status.ok() ? AlterResult{}
                     : Refused(ErrorCode::kKafkaStorageError, std::string(status.message())));
  };
  const auto resource = static_cast<ConfigResource>(type);
  if (resource == ConfigResource::kTopic) {
    cluster.topics().SetConfigs(*cluster.topics().Find(name), std::move(configs), std::move(kept));
  } else {
    cluster.configurations().Set(resource, name, std::move(configs), std::move(kept));
  }
}

const ConfigDefinition* FindConfig(std::int8_t type, std::string_view name) {
  switch (static_cast<ConfigResource>(type)) {
    case ConfigResource::kTopic:
      return FindTopicConfig(name);
    case ConfigResource::kBroker: {
      const BrokerConfig* const config = FindBrokerConfig(name);
      return config == nullptr ? nullptr : &config->definition;
    }
    case ConfigResource::kGroup:
      return FindGroupConfig(name);
    case ConfigResource::kClientMetrics:
      return FindClientMetricsConfig(name);
    case ConfigResource::kBrokerLogger:
      return nullptr;
  }
  return nullptr;
}

}  // namespace wherry::kafka
