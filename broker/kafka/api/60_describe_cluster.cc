// DescribeCluster: the cluster's id, its nodes, and who controls it (KIP-700).
//
// Versions 0-2. v1 asks for brokers or for controllers (KIP-919), v2 also for nodes that are fenced
// (KIP-1073), which there are none of. Flexible from the start.

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_row.h"
#include "broker/kafka/authorized_operations.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

constexpr std::int8_t kBrokers = 1, kControllers = 2;  // endpoint types

struct Request {
  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = kBrokers;
  bool include_fenced_brokers = false;

  static void Visit(auto& v, auto& m) {
    v.Field("IncludeClusterAuthorizedOperations", m.include_cluster_authorized_operations);
    v.Since(1).Field("EndpointType", m.endpoint_type);
    v.Since(2).Field("IncludeFencedBrokers", m.include_fenced_brokers);
  }
};

struct DescribedBroker {
  std::int32_t broker_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;
  bool is_fenced = false;

  static void Visit(auto& v, auto& m) {
    v.Field("BrokerId", m.broker_id);
    v.Field("Host", m.host);
    v.Field("Port", m.port);
    v.Nullable("Rack", m.rack);
    v.Since(2).Field("IsFenced", m.is_fenced);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = kBrokers;
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<DescribedBroker> brokers;
  std::int32_t cluster_authorized_operations = kNoOperations;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Nullable("ErrorMessage", m.error_message);
    v.Since(1).Field("EndpointType", m.endpoint_type);
    v.Field("ClusterId", m.cluster_id);
    v.Field("ControllerId", m.controller_id);
    v.Array("Brokers", m.brokers);
    v.Field("ClusterAuthorizedOperations", m.cluster_authorized_operations);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  if (request.endpoint_type != kBrokers) {
    const bool known = request.endpoint_type == kControllers;
    response.error_code =
        known ? ErrorCode::kMismatchedEndpointType : ErrorCode::kUnsupportedEndpointType;
    response.error_message =
        known ? "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of "
                "type CONTROLLER"
              : absl::StrCat("Unsupported endpoint type ", int{request.endpoint_type});
    return reply.Send(response);
  }
  response.cluster_id = call.cluster.cluster_id();
  const Nodes& nodes = call.cluster.nodes();
  response.controller_id = nodes.Controller();
  for (std::int32_t id = Nodes::kFirst; nodes.Has(id); ++id) {
    const bool fenced = !nodes.IsUp(id);
    if (fenced && !request.include_fenced_brokers) continue;
    NodeAddress node = nodes.AddressOf(call, id);
    DescribedBroker& broker = response.brokers.emplace_back();
    broker = {id, std::move(node.host), node.port, std::nullopt, fenced};
    if (nodes.several()) broker.rack = nodes.RackOf(id);
  }
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = AllowedClusterOperations(call);
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_60_describe_cluster = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 60,
     .name = "DescribeCluster",
     .min_version = 0,
     .max_version = 2,
     .flexible_since = 0});

}  // namespace wherry::kafka
