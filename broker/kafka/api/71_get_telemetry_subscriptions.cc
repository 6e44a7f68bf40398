// GetTelemetrySubscriptions: a client asks which of its metrics are wanted, how often (KIP-714).
//
// Version 0, flexible from the start. Offered while there is a subscription: the configurations of
// a resource of type CLIENT_METRICS. One that asks again within its interval is throttled.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  wire::Uuid client_instance_id;

  static void Visit(auto& v, auto& m) { v.Field("ClientInstanceId", m.client_instance_id); }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  wire::Uuid client_instance_id;
  std::int32_t subscription_id = 0;
  std::vector<std::int8_t> accepted_compression_types;
  std::int32_t push_interval_ms = 0;
  std::int32_t telemetry_max_bytes = 0;
  bool delta_temporality = false;
  std::vector<std::string> requested_metrics;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Field("ClientInstanceId", m.client_instance_id);
    v.Field("SubscriptionId", m.subscription_id);
    v.Array("AcceptedCompressionTypes", m.accepted_compression_types);
    v.Field("PushIntervalMs", m.push_interval_ms);
    v.Field("TelemetryMaxBytes", m.telemetry_max_bytes);
    v.Field("DeltaTemporality", m.delta_temporality);
    v.Array("RequestedMetrics", m.requested_metrics);
  }
};

// Kafka's order: clients take the first that they have.
constexpr Codec kCodecs[] = {Codec::kZstd, Codec::kLz4, Codec::kGzip, Codec::kSnappy};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  wire::Uuid id = request.client_instance_id;
  const TelemetryClient* const client = call.cluster.telemetry().Ask(call, id);
  if (client == nullptr) return reply.Send({.error_code = ErrorCode::kThrottlingQuotaExceeded});
  Response response;
  response.client_instance_id = id;
  response.subscription_id = client->subscription_id;
  for (const Codec codec : kCodecs) {
    response.accepted_compression_types.push_back(static_cast<std::int8_t>(codec));
  }
  response.push_interval_ms = static_cast<std::int32_t>(client->wanted.interval.count());
  response.telemetry_max_bytes = Telemetry::kMaxPushBytes;
  response.delta_temporality = true;
  response.requested_metrics = client->wanted.metrics;
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  reply.Send({.error_code = error});
}

}  // namespace

extern constexpr ApiRow api_71_get_telemetry_subscriptions =
    MakeRow<Request, Response, Handle, Refuse>({.key = 71,
                                        .name = "GetTelemetrySubscriptions",
                                        .min_version = 0,
                                        .max_version = 0,
                                        .flexible_since = 0,
                                        .offered = Telemetry::IsOffered});

}  // namespace wherry::kafka
