#pragma once

#include <cstdint>

#include "broker/core/transaction_types.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

// As Kafka calls what the transaction coordinator refuses.
constexpr ErrorCode ErrorCodeOf(core::TransactionError error) {
  switch (error) {
    case core::TransactionError::kNone:
      return ErrorCode::kNone;
    case core::TransactionError::kUnknownProducer:
      return ErrorCode::kInvalidProducerIdMapping;
    case core::TransactionError::kFenced:
      return ErrorCode::kProducerFenced;
    case core::TransactionError::kConcurrent:
      return ErrorCode::kConcurrentTransactions;
    case core::TransactionError::kInvalidState:
      return ErrorCode::kInvalidTxnState;
    case core::TransactionError::kNotAdded:
      return ErrorCode::kTransactionAbortable;
    case core::TransactionError::kInvalidTimeout:
      return ErrorCode::kInvalidTransactionTimeout;
    case core::TransactionError::kTooMany:
      return ErrorCode::kPolicyViolation;
    case core::TransactionError::kStorage:
      // Clients look for the coordinator again and try again.
      return ErrorCode::kCoordinatorNotAvailable;
  }
  return ErrorCode::kUnknownServerError;
}

// The same for a client that knows PRODUCER_FENCED from version `since` of the API on (KIP-588).
constexpr ErrorCode ErrorCodeOf(core::TransactionError error, std::int16_t version,
                                std::int16_t since) {
  if (error == core::TransactionError::kFenced && version < since) {
    return ErrorCode::kInvalidProducerEpoch;
  }
  return ErrorCodeOf(error);
}

// The same where a write is refused: a stale epoch is not fatal to it, and a client that does not
// know TRANSACTION_ABORTABLE (KIP-890) gets INVALID_TXN_STATE.
constexpr ErrorCode WriteErrorOf(core::TransactionError error, bool knows_abortable) {
  if (error == core::TransactionError::kFenced) return ErrorCode::kInvalidProducerEpoch;
  if (error == core::TransactionError::kNotAdded && !knows_abortable) {
    return ErrorCode::kInvalidTxnState;
  }
  return ErrorCodeOf(error);
}

constexpr const char* StateName(core::TransactionState state) {
  switch (state) {
    case core::TransactionState::kEmpty:
      return "Empty";
    case core::TransactionState::kOngoing:
      return "Ongoing";
    case core::TransactionState::kPrepareCommit:
      return "PrepareCommit";
    case core::TransactionState::kPrepareAbort:
      return "PrepareAbort";
    case core::TransactionState::kCompleteCommit:
      return "CompleteCommit";
    case core::TransactionState::kCompleteAbort:
      return "CompleteAbort";
  }
  return "Unknown";
}

}  // namespace wherry::kafka
