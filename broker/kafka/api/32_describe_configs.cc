// DescribeConfigs: the configuration of topics, and of the broker.
//
// Versions 1-4. v1 brought synonyms and sources (KIP-226), v3 types and documentation (KIP-569), v4
// flexible fields.
// Not implemented: documentation (null is answered); groups' and client metrics' configurations.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
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

// Kafka's ConfigResource.Type and ConfigSource.
constexpr std::int8_t kTopic = 2, kBroker = 4;
constexpr std::int8_t kTopicSource = 1, kStaticBrokerSource = 4, kDefaultSource = 5;

bool Wanted(const Resource& resource, std::string_view name) {
  const auto& keys = resource.configuration_keys;
  // Clients that want all send null or, in old versions, an empty list.
  return !keys.has_value() || keys->empty() ||
         std::find(keys->begin(), keys->end(), name) != keys->end();
}

void DescribeTopic(const Request& request, const Resource& resource, const Topic& topic,
                   Result& result) {
  for (const TopicConfig& config : TopicConfigs()) {
    if (!Wanted(resource, config.name)) continue;
    DescribedConfig& described = result.configs.emplace_back();
    const bool overridden = topic.configs.contains(config.name);
    described.name = config.name;
    described.value = TopicConfigValue(topic.configs, config.name);
    described.config_source = overridden ? kTopicSource : kDefaultSource;
    described.config_type = static_cast<std::int8_t>(config.type);
    if (!request.include_synonyms) continue;
    if (overridden) described.synonyms.push_back({config.name, described.value, kTopicSource});
    described.synonyms.push_back({config.name, config.default_value, kDefaultSource});
  }
}

void DescribeBroker(const Request& request, const Resource& resource, const Cluster& cluster,
                    Result& result) {
  const auto add = [&](const char* name, ConfigType type, std::string value) {
    if (!Wanted(resource, name)) return;
    DescribedConfig& described = result.configs.emplace_back();
    described.name = name;
    described.value = value;
    described.read_only = true;
    described.config_source = kStaticBrokerSource;
    described.config_type = static_cast<std::int8_t>(type);
    if (request.include_synonyms) {
      described.synonyms.push_back({name, std::move(value), kStaticBrokerSource});
    }
  };
  const ClusterOptions& options = cluster.options();
  add("auto.create.topics.enable", ConfigType::kBoolean,
      options.auto_create_topics ? "true" : "false");
  add("default.replication.factor", ConfigType::kInt, "1");
  add("group.initial.rebalance.delay.ms", ConfigType::kInt, "0");
  add("node.id", ConfigType::kInt, absl::StrCat(Cluster::kNodeId));
  add("num.partitions", ConfigType::kInt, absl::StrCat(options.default_partitions));
}

void Describe(Cluster& cluster, const Request& request, const Resource& resource, Result& result) {
  if (resource.resource_type == kTopic) {
    const Topic* const topic = cluster.topics().Find(resource.resource_name);
    if (topic != nullptr) return DescribeTopic(request, resource, *topic, result);
    const absl::Status name = TopicCatalog::CheckName(resource.resource_name);
    result.error_code =
        name.ok() ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kInvalidTopicException;
    result.error_message = name.ok() ? absl::StrCat("no topic '", resource.resource_name, "'")
                                     : std::string(name.message());
  } else if (resource.resource_type == kBroker) {
    const bool us =
        resource.resource_name.empty() || resource.resource_name == absl::StrCat(Cluster::kNodeId);
    if (us) return DescribeBroker(request, resource, cluster, result);
    result.error_code = ErrorCode::kInvalidRequest;
    result.error_message = absl::StrCat("Unexpected broker id, expected ", Cluster::kNodeId,
                                        " or empty string, but received ", resource.resource_name);
  } else {
    result.error_code = ErrorCode::kInvalidRequest;
    result.error_message =
        absl::StrCat("configurations of resource type ", static_cast<int>(resource.resource_type),
                     " are not supported; topics (2) and brokers (4) are");
  }
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
