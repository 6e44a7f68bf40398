// IncrementalAlterConfigs: changes of what is set of several resources (KIP-339): SET, DELETE, and
// for lists APPEND and SUBTRACT.
//
// Versions 0-1; v1 is flexible. Topics, the broker, groups (KIP-848) and clients' metrics (KIP-714)
// have configurations. All changes of one resource are made, or none.
// Not implemented: levels of loggers (BROKER_LOGGER is refused).

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/kafka/alter_configs.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Config {
  std::string name;
  std::int8_t config_operation = 0;
  std::optional<std::string> value;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("ConfigOperation", m.config_operation);
    v.Nullable("Value", m.value);
  }
};

struct Resource {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::vector<Config> configs;

  static void Visit(auto& v, auto& m) {
    v.Field("ResourceType", m.resource_type);
    v.Field("ResourceName", m.resource_name);
    v.Array("Configs", m.configs);
  }
};

struct Request {
  std::vector<Resource> resources;
  bool validate_only = false;

  static void Visit(auto& v, auto& m) {
    v.Array("Resources", m.resources);
    v.Field("ValidateOnly", m.validate_only);
  }
};

struct ResourceResponse {
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::int8_t resource_type = 0;
  std::string resource_name;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Field("ResourceType", m.resource_type);
    v.Field("ResourceName", m.resource_name);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<ResourceResponse> responses;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("Responses", m.responses);
  }
};

void Answer(ResourceResponse& response, AlterResult result) {
  response.error_code = result.error;
  if (result.error != ErrorCode::kNone) response.error_message = std::move(result.message);
}

// Kafka's AlterConfigOp.OpType.
enum class Operation : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

// Whether the request itself is well formed.
AlterResult CheckForm(const Resource& resource) {
  std::set<std::string_view> names;
  std::vector<std::string> nulls;
  for (const Config& config : resource.configs) {
    if (!names.insert(config.name).second) {
      return {ErrorCode::kInvalidRequest, "Error due to duplicate config keys"};
    }
    if (config.config_operation < 0 ||
        config.config_operation > static_cast<std::int8_t>(Operation::kSubtract)) {
      return {ErrorCode::kInvalidRequest,
              absl::StrCat("Unknown operations type ", static_cast<int>(config.config_operation))};
    }
    const bool deletes = config.config_operation == static_cast<std::int8_t>(Operation::kDelete);
    if (!deletes && !config.value.has_value()) nulls.push_back(config.name);
  }
  if (nulls.empty()) return {};
  return {ErrorCode::kInvalidRequest,
          "Null value not supported for : " + absl::StrJoin(nulls, ", ")};
}

// Changes a list; what is not set has its default.
AlterResult ChangeList(const Cluster& cluster, std::int8_t type, const Config& config,
                       ConfigOverrides& configs) {
  const bool appends = config.config_operation == static_cast<std::int8_t>(Operation::kAppend);
  const ConfigDefinition* const definition = FindConfig(type, config.name);
  if (definition == nullptr || definition->type != ConfigType::kList) {
    return {ErrorCode::kInvalidConfig,
            absl::StrCat("Can't ", appends ? "APPEND" : "SUBTRACT", " to key ", config.name,
                         " because its type is not LIST.")};
  }
  std::vector<std::string> items =
      ListOf(cluster.configurations().InForce(*definition, configs).value_or(""));
  for (const std::string& item : ListOf(*config.value)) {
    const bool there = std::find(items.begin(), items.end(), item) != items.end();
    if (appends && !there) items.push_back(item);
    if (!appends) std::erase(items, item);
  }
  configs[config.name] = absl::StrJoin(items, ",");
  return {};
}

AlterResult Change(const Cluster& cluster, const Resource& resource, ConfigOverrides& configs) {
  for (const Config& config : resource.configs) {
    AlterResult result;
    switch (static_cast<Operation>(config.config_operation)) {
      case Operation::kSet:
        configs[config.name] = *config.value;
        break;
      case Operation::kDelete:
        configs.erase(config.name);
        break;
      case Operation::kAppend:
      case Operation::kSubtract:
        result = ChangeList(cluster, resource.resource_type, config, configs);
        break;
    }
    if (result.error != ErrorCode::kNone) return result;
  }
  return {};
}

void AlterOne(Cluster& cluster, const Resource& resource, bool validate_only,
              const std::shared_ptr<Gathered<Response>>& gathered, std::size_t index) {
  AlterResult result = CheckForm(resource);
  ConfigOverrides configs;
  const std::int8_t type = resource.resource_type;
  if (result.error == ErrorCode::kNone) {
    const ConfigOverrides* const now = FindConfigs(cluster, type, resource.resource_name, result);
    if (now != nullptr) {
      configs = *now;
      result = Change(cluster, resource, configs);
    }
  }
  if (result.error == ErrorCode::kNone) {
    result = CheckConfigs(cluster, type, resource.resource_name, configs);
  }
  if (result.error != ErrorCode::kNone || validate_only) {
    return Answer(gathered->response.responses[index], std::move(result));
  }
  gathered->Owe();
  SetConfigs(cluster, type, resource.resource_name, std::move(configs),
             [gathered, index](AlterResult kept) {
               Answer(gathered->response.responses[index], std::move(kept));
               gathered->Pay();
             });
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  std::map<std::pair<std::int8_t, std::string>, int> times;
  for (const Resource& resource : request.resources) {
    ++times[{resource.resource_type, resource.resource_name}];
    ResourceResponse& response = gathered->response.responses.emplace_back();
    response.resource_type = resource.resource_type;
    response.resource_name = resource.resource_name;
  }
  for (std::size_t i = 0; i < request.resources.size(); ++i) {
    const Resource& resource = request.resources[i];
    if (times[{resource.resource_type, resource.resource_name}] > 1) {
      Answer(gathered->response.responses[i],
             {ErrorCode::kInvalidRequest, "Each resource must appear at most once."});
    } else {
      AlterOne(call.cluster, resource, request.validate_only, gathered, i);
    }
  }
  gathered->Pay();
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const Resource& resource : request.resources) {
    response.responses.push_back(
        {error, std::nullopt, resource.resource_type, resource.resource_name});
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_44_incremental_alter_configs =
    MakeRow<Request, Response, Handle, Refuse>({.key = 44,
                                        .name = "IncrementalAlterConfigs",
                                        .min_version = 0,
                                        .max_version = 1,
                                        .flexible_since = 1});

}  // namespace wherry::kafka
