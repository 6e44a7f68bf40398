// EndTxn: commits or aborts a producer's transaction (KIP-98): its markers in all partitions, its
// offsets and its end are one commit.
//
// Versions 0-5. v2 brought PRODUCER_FENCED (KIP-588), v3 is flexible, v4 may answer
// TRANSACTION_ABORTABLE, v5 ends the producer's epoch too and answers who it is from now on
// (KIP-890).

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/transaction_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::string transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  bool committed = false;

  static void Visit(auto& v, auto& m) {
    v.Field("TransactionalId", m.transactional_id);
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
    v.Field("Committed", m.committed);
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
    v.Since(5).Field("ProducerId", m.producer_id);
    v.Since(5).Field("ProducerEpoch", m.producer_epoch);
  }
};

constexpr std::int16_t kFencedSince = 2;
constexpr std::int16_t kEndsEpochSince = 5;

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  if (request.transactional_id.empty()) {
    Response response;
    response.error_code = ErrorCode::kInvalidRequest;
    return reply.Send(response);
  }
  call.cluster.transactions().End(
      {request.transactional_id, {request.producer_id, request.producer_epoch}}, request.committed,
      call.version < kEndsEpochSince ? core::TransactionProtocol::kKeepsEpoch
                                     : core::TransactionProtocol::kEndsEpoch,
      [version = call.version,
       reply = std::move(reply)](const core::TransactionResult& result) mutable {
        Response response;
        response.error_code = ErrorCodeOf(result.error, version, kFencedSince);
        response.producer_id = result.producer.producer_id;
        response.producer_epoch = result.producer.epoch;
        reply.Send(response);
      });
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_26_end_txn = MakeRow<Request, Response, Handle, Refuse>(
    {.key = 26, .name = "EndTxn", .min_version = 0, .max_version = 5, .flexible_since = 3});

}  // namespace wherry::kafka
