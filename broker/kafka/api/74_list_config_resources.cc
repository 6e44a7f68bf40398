// ListConfigResources: which resources have configurations.
//
// Versions 0-1, flexible from the start. v0 (ListClientMetricsResources, KIP-1000) lists the
// subscriptions to clients' metrics, v1 (KIP-1142) the resources of the types that are asked for,
// or of all: topics, the broker and its loggers, and those groups and subscriptions of which
// something is set.

#include <set>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::vector<std::int8_t> resource_types;

  static void Visit(auto& v, auto& m) { v.Since(1).Array("ResourceTypes", m.resource_types); }
};

struct Resource {
  std::string resource_name;
  std::int8_t resource_type = 16;

  static void Visit(auto& v, auto& m) {
    v.Field("ResourceName", m.resource_name);
    v.Since(1).Field("ResourceType", m.resource_type);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Resource> config_resources;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Array("ConfigResources", m.config_resources);
  }
};

// In the order in which they are answered.
constexpr ConfigResource kAllTypes[] = {ConfigResource::kTopic, ConfigResource::kBroker,
                                        ConfigResource::kBrokerLogger,
                                        ConfigResource::kClientMetrics, ConfigResource::kGroup};

std::set<std::int8_t> TypesOf(const Call& call, const Request& request) {
  if (call.version == 0) return {static_cast<std::int8_t>(ConfigResource::kClientMetrics)};
  std::set<std::int8_t> types(request.resource_types.begin(), request.resource_types.end());
  if (!types.empty()) return types;
  for (const ConfigResource type : kAllTypes) types.insert(static_cast<std::int8_t>(type));
  return types;
}

void List(const Cluster& cluster, ConfigResource type, std::vector<Resource>& resources) {
  const auto number = static_cast<std::int8_t>(type);
  switch (type) {
    case ConfigResource::kTopic:
      for (const auto& [name, topic] : cluster.topics().topics()) {
        resources.push_back({name, number});
      }
      return;
    case ConfigResource::kBroker:
    case ConfigResource::kBrokerLogger:
      resources.push_back({std::string(Cluster::Node()), number});
      return;
    case ConfigResource::kClientMetrics:
    case ConfigResource::kGroup:
      for (const auto& [key, configs] : cluster.configurations().all()) {
        if (key.first == type) resources.push_back({key.second, number});
      }
      return;
  }
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  std::set<std::int8_t> types = TypesOf(call, request);
  for (const ConfigResource type : kAllTypes) {
    if (types.erase(static_cast<std::int8_t>(type)) == 0) continue;
    List(call.cluster, type, response.config_resources);
  }
  // There are types that nobody knows.
  if (!types.empty()) response = {.error_code = ErrorCode::kUnsupportedVersion};
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  reply.Send({.error_code = error});
}

}  // namespace

extern constexpr ApiRow api_74_list_config_resources =
    MakeRow<Request, Response, Handle, Refuse>({.key = 74,
                                        .name = "ListConfigResources",
                                        .min_version = 0,
                                        .max_version = 1,
                                        .flexible_since = 0});

}  // namespace wherry::kafka
