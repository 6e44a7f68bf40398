// FindCoordinator: which node looks after a group or a transactional id.
//
// Versions 0-6. v1 brought key types, v3 is flexible, v4 takes several keys (KIP-699), v5 may
// answer TRANSACTION_ABORTABLE, v6 brought share groups (KIP-932), which are not implemented.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/group_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::string key;
  std::int8_t key_type = 0;
  std::vector<std::string> coordinator_keys;

  static void Visit(auto& v, auto& m) {
    v.Until(3).Field("Key", m.key);
    v.Since(1).Field("KeyType", m.key_type);
    v.Since(4).Array("CoordinatorKeys", m.coordinator_keys);
  }
};

struct Coordinator {
  std::string key;
  std::int32_t node_id = -1;
  std::string host;
  std::int32_t port = -1;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;

  static void Visit(auto& v, auto& m) {
    v.Field("Key", m.key);
    v.Field("NodeId", m.node_id);
    v.Field("Host", m.host);
    v.Field("Port", m.port);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  Coordinator only;  // its key is not sent
  std::vector<Coordinator> coordinators;

  static void Visit(auto& v, auto& m) {
    v.Since(1).Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Until(3).Field("ErrorCode", m.only.error_code);
    v.Since(1).Until(3).Nullable("ErrorMessage", m.only.error_message);
    v.Until(3).Field("NodeId", m.only.node_id);
    v.Until(3).Field("Host", m.only.host);
    v.Until(3).Field("Port", m.only.port);
    v.Since(4).Array("Coordinators", m.coordinators);
  }
};

constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;

constexpr std::int16_t kSeveralKeysSince = 4;

Coordinator Find(const Call& call, std::int8_t key_type, const std::string& key) {
  Coordinator found;
  found.key = key;
  if (key_type != kGroup && key_type != kTransaction) {
    found.error_code = ErrorCode::kInvalidRequest;
    found.error_message = "Only groups and transactional ids have a coordinator here.";
    return found;
  }
  const Nodes& nodes = call.cluster.nodes();
  const NodeAddress address = nodes.AddressOf(call, nodes.CoordinatorOf(key));
  found.node_id = address.id;
  found.host = address.host;
  found.port = address.port;
  // As Kafka says it.
  found.error_message = call.version < kSeveralKeysSince ? "NONE" : "";
  return found;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  if (call.version < kSeveralKeysSince) response.only = Find(call, request.key_type, request.key);
  for (const std::string& key : request.coordinator_keys) {
    response.coordinators.push_back(Find(call, request.key_type, key));
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.only.error_code = error;
  for (const std::string& key : request.coordinator_keys) {
    Coordinator& refused = response.coordinators.emplace_back();
    refused.key = key;
    refused.error_code = error;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_10_find_coordinator =
    MakeRow<Request, Response, Handle, Refuse>({.key = 10,
                                        .name = "FindCoordinator",
                                        .min_version = 0,
                                        .max_version = 6,
                                        .flexible_since = 3});

}  // namespace wherry::kafka
