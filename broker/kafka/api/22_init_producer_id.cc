// InitProducerId: the identity under which a producer's batches are told apart (KIP-98).
//
// Versions 0-4. v2 is flexible, v3 lets a producer that lost its place go on with its id in a new
// epoch (KIP-360), v4 brought PRODUCER_FENCED.
// Not implemented: transactional ids, which are refused.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::optional<std::string> transactional_id;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  static void Visit(auto& v, auto& m) {
    v.Nullable("TransactionalId", m.transactional_id);
    v.Field("TransactionTimeoutMs", m.transaction_timeout_ms);
    v.Since(3).Field("ProducerId", m.producer_id);
    v.Since(3).Field("ProducerEpoch", m.producer_epoch);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
  }
};

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  if (request.transactional_id.has_value()) {
    Response response;
    response.error_code = request.transactional_id->empty()
                              ? ErrorCode::kInvalidRequest
                              : ErrorCode::kTransactionalIdAuthorizationFailed;
    return reply.Send(response);
  }
  // Without a transactional id the broker, as Kafka's, keeps nothing of the old identity and gives
  // a new one, whatever id and epoch the producer had.
  call.cluster.producer_ids().Next(
      [reply = std::move(reply)](absl::StatusOr<std::int64_t> id) mutable {
        Response response;
        if (id.ok()) {
          response.producer_id = *id;
          response.producer_epoch = 0;
        } else {
          response.error_code = ErrorCode::kCoordinatorNotAvailable;
        }
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_22_init_producer_id = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 22, .name = "InitProducerId", .min_version = 0, .max_version = 4, .flexible_since = 2});

}  // namespace wherry::kafka
