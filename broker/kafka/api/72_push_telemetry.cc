// PushTelemetry: a client's metrics, as OpenTelemetry writes them (KIP-714).
//
// Version 0, flexible from the start. Kafka hands them to a plugin; here they are kept for whoever
// owns the broker (Kafka::Telemetry), the last ones of each client. Bytes that are no metrics are
// INVALID_RECORD, which Kafka leaves to its plugin.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  wire::Uuid client_instance_id;
  std::int32_t subscription_id = 0;
  bool terminating = false;
  std::int8_t compression_type = 0;
  wire::Bytes metrics;

  static void Visit(auto& v, auto& m) {
    v.Field("ClientInstanceId", m.client_instance_id);
    v.Field("SubscriptionId", m.subscription_id);
    v.Field("Terminating", m.terminating);
    v.Field("CompressionType", m.compression_type);
    v.Field("Metrics", m.metrics);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  reply.Send({.error_code = call.cluster.telemetry().Take(
                  call, {request.client_instance_id, request.subscription_id, request.terminating,
                         request.compression_type, request.metrics.value})});
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  reply.Send({.error_code = error});
}

}  // namespace

extern constexpr ApiRow api_72_push_telemetry =
    MakeRow<Request, Response, Handle, Refuse>({.key = 72,
                                        .name = "PushTelemetry",
                                        .min_version = 0,
                                        .max_version = 0,
                                        .flexible_since = 0,
                                        .offered = Telemetry::IsOffered});

}  // namespace wherry::kafka
