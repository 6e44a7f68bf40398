// AlterConfigs: all that is set of several resources, in place of what was set before.
//
// Versions 0-2; v1 is as v0, v2 flexible. Clients prefer IncrementalAlterConfigs (KIP-339). Topics,
// the broker, groups and clients' metrics have configurations; what is checked only is not set.

#include <map>

#include "absl/strings/str_join.h"
#include "broker/kafka/alter_configs.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Config {
  std::string name;
  std::optional<std::string> value;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
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

// What is to be set; nullopt: `result` says what is wrong with the request.
std::optional<ConfigOverrides> ConfigsOf(const Resource& resource, AlterResult& result) {
  ConfigOverrides configs;
  std::vector<std::string> nulls;
  for (const Config& config : resource.configs) {
    if (!configs.emplace(config.name, config.value.value_or("")).second) {
      result = {ErrorCode::kInvalidRequest, "Error due to duplicate config keys"};
      return std::nullopt;
    }
    if (!config.value.has_value()) nulls.push_back(config.name);
  }
  if (nulls.empty()) return configs;
  result = {ErrorCode::kInvalidRequest,
            "Null value not supported for : " + absl::StrJoin(nulls, ", ")};
  return std::nullopt;
}

void AlterOne(Cluster& cluster, const Resource& resource, bool validate_only,
              const std::shared_ptr<Gathered<Response>>& gathered, std::size_t index) {
  AlterResult result;
  std::optional<ConfigOverrides> configs = ConfigsOf(resource, result);
  const std::int8_t type = resource.resource_type;
  if (configs.has_value() &&
      FindConfigs(cluster, type, resource.resource_name, result) != nullptr) {
    result = CheckConfigs(cluster, type, resource.resource_name, *configs);
  }
  if (result.error != ErrorCode::kNone || validate_only) {
    return Answer(gathered->response.responses[index], std::move(result));
  }
  gathered->Owe();
  SetConfigs(cluster, type, resource.resource_name, *std::move(configs),
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

extern constexpr ApiRow api_33_alter_configs = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 33, .name = "AlterConfigs", .min_version = 0, .max_version = 2, .flexible_since = 2});

}  // namespace wherry::kafka
