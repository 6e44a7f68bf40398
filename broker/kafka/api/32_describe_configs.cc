// DescribeConfigs: the configurations of topics, of the broker, of groups and of clients' metrics.
//
// Versions 1-4. v1 brought synonyms and sources (KIP-226), v3 types and documentation (KIP-569), v4
// flexible fields. Of the broker's configurations, those that mean something here are described.
// Not implemented: levels of loggers (BROKER_LOGGER has none).

#include <algorithm>
#include <span>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/broker_config.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_config.h"
#include "broker/kafka/telemetry_config.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Resource {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::optional<std::vector<std::string>> configuration_keys;

  static void Visit(auto& v, auto& m) {
    v.Field("ResourceType", m.resource_type);
    v.Field("ResourceName", m.resource_name);
    v.Nullable("ConfigurationKeys", m.configuration_keys);
  }
};

struct Request {
  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  static void Visit(auto& v, auto& m) {
    v.Array("Resources", m.resources);
    v.Since(1).Field("IncludeSynonyms", m.include_synonyms);
    v.Since(3).Field("IncludeDocumentation", m.include_documentation);
  }
};

struct Synonym {
  std::string name;
  std::optional<std::string> value;
  std::int8_t source = 0;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("Name", m.name);
    v.Since(1).Nullable("Value", m.value);
    v.Since(1).Field("Source", m.source);
  }
};

struct DescribedConfig {
  std::string name;
  std::optional<std::string> value;
  bool read_only = false;
  std::int8_t config_source = -1;
  bool is_sensitive = false;
  std::vector<Synonym> synonyms;
  std::int8_t config_type = 0;
  std::optional<std::string> documentation;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Nullable("Value", m.value);
    v.Field("ReadOnly", m.read_only);
    v.Since(1).Field("ConfigSource", m.config_source);
    v.Field("IsSensitive", m.is_sensitive);
    v.Since(1).Array("Synonyms", m.synonyms);
    v.Since(3).Field("ConfigType", m.config_type);
    v.Since(3).Nullable("Documentation", m.documentation);
  }
};

struct Result {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::vector<DescribedConfig> configs;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Field("ResourceType", m.resource_type);
    v.Field("ResourceName", m.resource_name);
    v.Array("Configs", m.configs);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Results", m.results);
  }
};

bool Wanted(const Resource& resource, std::string_view name) {
  const auto& keys = resource.configuration_keys;
  // Clients that want all send null or, in old versions, an empty list.
  return !keys.has_value() || keys->empty() ||
         std::find(keys->begin(), keys->end(), name) != keys->end();
}

// Adds one configuration with its values, the strongest first.
DescribedConfig& Add(const Request& request, const ConfigDefinition& config,
                     std::optional<std::string> value, const std::vector<ConfigValue>& values,
                     Result& result) {
  DescribedConfig& described = result.configs.emplace_back();
  described.name = config.name;
  described.value = std::move(value);
  described.config_source =
      static_cast<std::int8_t>(values.empty() ? ConfigSource::kDefault : values.front().source);
  described.config_type = static_cast<std::int8_t>(config.type);
  if (request.include_documentation) described.documentation = config.documentation;
  if (!request.include_synonyms) return described;
  for (const ConfigValue& one : values) {
    described.synonyms.push_back({one.name, one.value, static_cast<std::int8_t>(one.source)});
  }
  return described;
}

void DescribeAll(const Cluster& cluster, const Request& request, const Resource& resource,
                 std::span<const ConfigDefinition> configs, const ConfigOverrides& overrides,
                 ConfigSource source, Result& result) {
  const Configurations& configurations = cluster.configurations();
  for (const ConfigDefinition& config : configs) {
    if (!Wanted(resource, config.name)) continue;
    Add(request, config, configurations.InForce(config, overrides),
        configurations.Values(config, overrides, source), result);
  }
}

// What nobody knows may be a password: its value is not told.
void DescribeUnknown(const Request& request, const Resource& resource,
                     const ConfigOverrides& overrides, ConfigSource source, Result& result) {
  for (const auto& [name, value] : overrides) {
    if (FindBrokerConfig(name) != nullptr || !Wanted(resource, name)) continue;
    DescribedConfig& described = result.configs.emplace_back();
    described.name = name;
    described.config_source = static_cast<std::int8_t>(source);
    described.is_sensitive = true;
    if (request.include_synonyms) {
      described.synonyms.push_back({name, std::nullopt, described.config_source});
    }
  }
}

// Of the whole cluster only what is set, of the node what is in force.
void DescribeBroker(const Request& request, const Resource& resource, const Cluster& cluster,
                    Result& result) {
  const Configurations& configurations = cluster.configurations();
  const bool whole_cluster = resource.resource_name.empty();
  const ConfigOverrides& of_cluster = configurations.Of(ConfigResource::kBroker, "");
  for (const BrokerConfig& config : BrokerConfigs()) {
    const std::string_view name = config.definition.name;
    if (!Wanted(resource, name) || (whole_cluster && !of_cluster.contains(name))) continue;
    std::vector<ConfigValue> values = configurations.BrokerValues(name);
    if (whole_cluster) {
      std::erase_if(values, [](const ConfigValue& value) {
        return value.source != ConfigSource::kClusterDefault;
      });
    }
    std::optional<std::string> value;
    if (!values.empty()) value = values.front().value;
    Add(request, config.definition, std::move(value), values, result).read_only =
        config.update == ConfigUpdate::kReadOnly;
  }
  DescribeUnknown(request, resource, of_cluster, ConfigSource::kClusterDefault, result);
  if (whole_cluster) return;
  DescribeUnknown(request, resource, configurations.Of(ConfigResource::kBroker, Cluster::Node()),
                  ConfigSource::kBroker, result);
}

void Fail(Result& result, ErrorCode error, std::string message) {
  result.error_code = error;
  result.error_message = std::move(message);
}

void DescribeTopic(Cluster& cluster, const Request& request, const Resource& resource,
                   Result& result) {
  const Topic* const topic = cluster.topics().Find(resource.resource_name);
  if (topic != nullptr) {
    return DescribeAll(cluster, request, resource, TopicConfigs(), topic->configs,
                       ConfigSource::kTopic, result);
  }
  const absl::Status name = TopicCatalog::CheckName(resource.resource_name);
  if (!name.ok()) {
    return Fail(result, ErrorCode::kInvalidTopicException, std::string(name.message()));
  }
  Fail(result, ErrorCode::kUnknownTopicOrPartition,
       absl::StrCat("no topic '", resource.resource_name, "'"));
}

// Whether it is the name of a node; they all have the same configurations.
bool NamesNode(const Cluster& cluster, const std::string& name) {
  std::int32_t id = 0;
  return absl::SimpleAtoi(name, &id) && cluster.nodes().Has(id);
}

void Describe(Cluster& cluster, const Request& request, const Resource& resource, Result& result) {
  const std::string& name = resource.resource_name;
  const auto type = static_cast<ConfigResource>(resource.resource_type);
  const auto others = [&](std::span<const ConfigDefinition> configs, ConfigSource source,
                          const char* nameless) {
    if (name.empty()) return Fail(result, ErrorCode::kInvalidRequest, nameless);
    DescribeAll(cluster, request, resource, configs, cluster.configurations().Of(type, name),
                source, result);
  };
  switch (type) {
    case ConfigResource::kTopic:
      return DescribeTopic(cluster, request, resource, result);
    case ConfigResource::kBroker:
      if (name.empty() || NamesNode(cluster, name)) {
        return DescribeBroker(request, resource, cluster, result);
      }
      return Fail(result, ErrorCode::kInvalidRequest,
                  absl::StrCat("Unexpected broker id, expected ", Cluster::kNodeId,
                               " or empty string, but received ", name));
    case ConfigResource::kBrokerLogger:
      // There is none whose level could be told.
      if (NamesNode(cluster, name)) return;
      return Fail(result, ErrorCode::kInvalidRequest,
                  absl::StrCat("Unexpected broker id, expected ", Cluster::kNodeId,
                               " but received ", name));
    case ConfigResource::kClientMetrics:
      return others(ClientMetricsConfigs(), ConfigSource::kClientMetrics,
                    "Client metrics subscription name must not be empty");
    case ConfigResource::kGroup:
      return others(GroupConfigs(), ConfigSource::kGroup, "Group name must not be empty");
  }
  Fail(result, ErrorCode::kInvalidRequest,
       absl::StrCat("Unexpected resource type ", static_cast<int>(resource.resource_type),
                    " for resource ", name));
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  for (const Resource& resource : request.resources) {
    Result& result = response.results.emplace_back();
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
    Describe(call.cluster, request, resource, result);
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const Resource& resource : request.resources) {
    Result& result = response.results.emplace_back();
    result.error_code = error;
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_32_describe_configs =
    MakeRow<Request, Response, Handle, Refuse>({.key = 32,
                                        .name = "DescribeConfigs",
                                        .min_version = 1,
                                        .max_version = 4,
                                        .flexible_since = 4});

}  // namespace wherry::kafka
