#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "broker/core/transaction_types.h"

namespace wherry::core {

// What is kept of a transactional id, and its encoding in the store's state; storage/FORMAT.md has
// the layout. Threads: a value.
struct TransactionRecord {
  // kPrepareCommit and kPrepareAbort are never kept: a transaction ends in one commit.
  TransactionState state = TransactionState::kEmpty;
  ProducerIdentity producer;
  // Who it was before, by which a request sent again is told; nobody: {-1, -1}.
  ProducerIdentity previous;
  std::int32_t timeout_ms = 0;
  std::int64_t start_millis = -1;        // of the transaction; -1: there is none
  std::int64_t last_update_millis = -1;  // of the id, for its expiry
  PartitionsByTopic partitions;
  std::set<std::string, std::less<>> groups;

  bool operator==(const TransactionRecord&) const = default;

  // No epoch may follow but that of a last marker.
  bool EpochExhausted() const { return IsExhausted(producer.epoch); }
  static bool IsExhausted(std::int16_t epoch) { return epoch >= INT16_MAX - 1; }

  std::string Encode() const;
  // kDataLoss: the bytes are damaged or of a version that this build does not know.
  static absl::StatusOr<TransactionRecord> Decode(std::string_view bytes);
};

}  // namespace wherry::core
