// InitProducerId: the identity under which a producer's batches are told apart, and by which it has
// its transactions (KIP-98).
//
// Versions 0-5. v2 is flexible, v3 lets a producer that lost its place go on with its id in a new
// epoch (KIP-360), v4 brought PRODUCER_FENCED (KIP-588), v5 may answer TRANSACTION_ABORTABLE.
// A transactional id whose transaction is open gets CONCURRENT_TRANSACTIONS while that is aborted.
// Not implemented: v6, two-phase commit (KIP-939), which Kafka does not advertise either.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/transaction_error.h"
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

constexpr std::int16_t kFencedSince = 4;

void Fail(Reply<Response>& reply, ErrorCode error) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

void InitTransactional(const Call& call, const Request& request, Reply<Response> reply) {
  if (request.transactional_id->empty() ||
      request.transactional_id->size() > Cluster::kMaxTransactionalIdSize) {
    return Fail(reply, ErrorCode::kInvalidRequest);
  }
  core::InitProducerRequest init;
  init.transactional_id = *request.transactional_id;
  init.timeout = std::chrono::milliseconds(request.transaction_timeout_ms);
  const bool knows_itself = request.producer_id >= 0;
  if (knows_itself != (request.producer_epoch >= 0)) {
    return Fail(reply, ErrorCode::kInvalidRequest);
  }
  if (knows_itself) init.expected = {request.producer_id, request.producer_epoch};
  call.cluster.transactions().InitProducer(
      init, [version = call.version, reply = std::move(reply)](
                const core::TransactionResult& result) mutable {
        Response response;
        response.error_code = ErrorCodeOf(result.error, version, kFencedSince);
        response.producer_id = result.producer.producer_id;
        response.producer_epoch = result.producer.epoch;
        reply.Send(response);
      });
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  if (request.transactional_id.has_value()) {
    return InitTransactional(call, request, std::move(reply));
  }
  // Without a transactional id the broker, as Kafka's, keeps nothing of the old identity and gives
  // a new one, whatever id and epoch the producer had.
  call.cluster.producer_ids().Next(
      [reply = std::move(reply)](absl::StatusOr<std::int64_t> id) mutable {
        if (!id.ok()) return Fail(reply, ErrorCode::kCoordinatorNotAvailable);
        Response response;
        response.producer_id = *id;
        response.producer_epoch = 0;
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Fail(reply, error);
}

}  // namespace

extern constexpr ApiRow api_22_init_producer_id = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 22, .name = "InitProducerId", .min_version = 0, .max_version = 5, .flexible_since = 2});

}  // namespace wherry::kafka
