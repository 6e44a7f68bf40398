// AddOffsetsToTxn: the group whose offsets a producer is about to commit in its transaction
// (KIP-98).
//
// Versions 0-4. v2 brought PRODUCER_FENCED (KIP-588), v3 is flexible, v4 may answer
// TRANSACTION_ABORTABLE.

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
  std::string group_id;

  static void Visit(auto& v, auto& m) {
    v.Field("TransactionalId", m.transactional_id);
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
    v.Field("GroupId", m.group_id);
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

constexpr std::int16_t kFencedSince = 2;

void Answer(Reply<Response>& reply, ErrorCode error) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  if (request.transactional_id.empty()) return Answer(reply, ErrorCode::kInvalidRequest);
  if (request.group_id.empty()) return Answer(reply, ErrorCode::kInvalidGroupId);
  if (request.group_id.size() > Cluster::kMaxTransactionalGroupSize) {
    return Answer(reply, ErrorCode::kInvalidGroupId);
  }
  const auto shared = std::make_shared<Reply<Response>>(std::move(reply));
  const core::TransactionError error = call.cluster.transactions().AddGroup(
      {request.transactional_id, {request.producer_id, request.producer_epoch}}, request.group_id,
      [shared](const absl::Status& status) {
        Answer(*shared,
               status.ok() ? ErrorCode::kNone : ErrorCodeOf(core::TransactionError::kStorage));
      });
  if (error == core::TransactionError::kNone) return;
  Answer(*shared, ErrorCodeOf(error, call.version, kFencedSince));
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Answer(reply, error);
}

}  // namespace

extern constexpr ApiRow api_25_add_offsets_to_txn =
    MakeRow<Request, Response, Handle, Refuse>({.key = 25,
                                        .name = "AddOffsetsToTxn",
                                        .min_version = 0,
                                        .max_version = 4,
                                        .flexible_since = 3});

}  // namespace wherry::kafka
