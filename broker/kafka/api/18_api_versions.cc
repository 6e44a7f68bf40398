// ApiVersions: what this broker speaks, the first thing a client asks.
//
// Versions 0-5. v1 adds the throttle time, v3 (KIP-511) the client's name, flexible fields and the
// rule that an unknown version is answered with a v0 body, v3 also features (KIP-584), of which
// those whose versions begin at 0 are told from v4 on, since older clients cannot read them. v5
// (KIP-1242) says which cluster and node the client means to reach: at another one it is told to
// begin with its bootstrap servers again. The response header stays old in every version.

#include "broker/kafka/api_table.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/connection_info.h"
#include "broker/kafka/features.h"
#include "broker/kafka/security/authentication.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::string client_software_name;
  std::string client_software_version;
  std::optional<std::string> cluster_id;
  std::int32_t node_id = -1;

  static void Visit(auto& v, auto& m) {
    v.Since(3).Field("ClientSoftwareName", m.client_software_name);
    v.Since(3).Field("ClientSoftwareVersion", m.client_software_version);
    v.Since(5).Nullable("ClusterId", m.cluster_id);
    v.Since(5).Field("NodeId", m.node_id);
  }
};

struct ApiVersion {
  std::int16_t api_key = 0;
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;

  static void Visit(auto& v, auto& m) {
    v.Field("ApiKey", m.api_key);
    v.Field("MinVersion", m.min_version);
    v.Field("MaxVersion", m.max_version);
  }
};

struct SupportedFeature {
  std::string name;
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;
  bool operator==(const SupportedFeature&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("MinVersion", m.min_version);
    v.Field("MaxVersion", m.max_version);
  }
};

struct FinalizedFeature {
  std::string name;
  std::int16_t max_version_level = 0;
  std::int16_t min_version_level = 0;
  bool operator==(const FinalizedFeature&) const = default;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Field("MaxVersionLevel", m.max_version_level);
    v.Field("MinVersionLevel", m.min_version_level);
  }
};

struct Response {
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeature> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeature> finalized_features;
  bool zk_migration_ready = false;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Array("ApiKeys", m.api_keys);
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Since(3).Tagged(0, "SupportedFeatures", m.supported_features);
    v.Since(3).Tagged(1, "FinalizedFeaturesEpoch", m.finalized_features_epoch, -1);
    v.Since(3).Tagged(2, "FinalizedFeatures", m.finalized_features);
    v.Since(3).Tagged(3, "ZkMigrationReady", m.zk_migration_ready);
  }
};

// Kafka's rule for what a client may call itself (ApiVersionsRequest.isValid).
bool IsSoftwareName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || !plain(name.front()) || !plain(name.back())) return false;
  for (const char c : name) {
    if (!plain(c) && c != '-' && c != '.') return false;
  }
  return true;
}

// Whether the client reached whom it meant to.
bool IsMeant(const Call& call, const Request& request) {
  if (request.node_id >= 0 && request.node_id != call.node.id) return false;
  // Who has not said yet who they are may belong to another namespace, which has an id of its own.
  const bool settled = call.client == nullptr || call.client->authentication == nullptr;
  return !settled || request.cluster_id.value_or(call.cluster.cluster_id()) ==
                         call.cluster.cluster_id();
}

ApiVersion Advertised(const ApiRow& row) {
  const std::int16_t min = row.advertised_min >= 0 ? row.advertised_min : row.min_version;
  return {row.key, min, row.max_version};
}

// The first version whose clients can read a feature's version 0.
constexpr std::int16_t kFeaturesFromZeroSince = 4;

void TellFeatures(std::int16_t version, Response& response) {
  for (const Feature& feature : kFeatures) {
    if (feature.min_version > 0 || version >= kFeaturesFromZeroSince) {
      response.supported_features.push_back(
          {feature.name, feature.min_version, feature.max_version});
    }
    if (feature.finalized == 0) continue;
    response.finalized_features.push_back({feature.name, feature.finalized, feature.finalized});
  }
  // They never change.
  response.finalized_features_epoch = 0;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  constexpr std::int16_t kKey = 18;
  Response response;
  const ApiRow& own = *FindApi(kKey);
  if (call.version < own.min_version || call.version > own.max_version) {
    response.error_code = ErrorCode::kUnsupportedVersion;
    response.api_keys.push_back(Advertised(own));
    return reply.Send(response);
  }
  if (call.version >= 3 && !(IsSoftwareName(request.client_software_name) &&
                             IsSoftwareName(request.client_software_version))) {
    response.error_code = ErrorCode::kInvalidRequest;
    return reply.Send(response);
  }
  if (call.connection != nullptr) {
    call.connection->software_name = request.client_software_name;
    call.connection->software_version = request.client_software_version;
  }
  if (!IsMeant(call, request)) {
    response.error_code = ErrorCode::kRebootstrapRequired;
    return reply.Send(response);
  }
  TellFeatures(call.version, response);
  for (const ApiRow* row : ApiTable()) {
    if (row->offered != nullptr && !row->offered(call.cluster)) continue;
    response.api_keys.push_back(Advertised(*row));
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_18_api_versions =
    MakeRow<Request, Response, Handle, Refuse>({.key = 18,
                                        .name = "ApiVersions",
                                        .min_version = 0,
                                        .max_version = 5,
                                        .flexible_since = 3,
                                        .old_response_header = true});

}  // namespace wherry::kafka
