#pragma once

// What goes into and comes out of the transaction coordinator: claims, answers, settings.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/runtime/clock.h"

namespace wherry::core {

enum class TransactionError : std::uint8_t {
  kNone,
  kUnknownProducer,  // nobody has this transactional id, or another producer id has it
  kFenced,           // not the producer's present epoch: another has taken over, or a time was up
  kConcurrent,       // a transaction of this id is just ending; try again
  kInvalidState,     // there is no transaction that could end so
  kNotAdded,         // the partition, or the group, is not part of the producer's transaction
  kInvalidTimeout,   // outside the bounds of TransactionSettings
  kTooMany,          // transactional ids, or what their transactions hold
  kStorage,          // the commit failed; nothing was changed
};

// Kafka's states; what is about to be written is only in memory (PrepareCommit, PrepareAbort).
enum class TransactionState : std::uint8_t {
  kEmpty,  // no transaction since the producer began
  kOngoing,
  kPrepareCommit,
  kPrepareAbort,
  kCompleteCommit,
  kCompleteAbort,
};

// Every limit and delay of transactions.
struct TransactionSettings {
  // As Kafka's transaction.max.timeout.ms.
  runtime::Duration max_timeout = std::chrono::minutes(15);
  // As Kafka's transactional.id.expiration.ms: so long an id is remembered that nobody uses.
  runtime::Duration id_expiration = std::chrono::hours(24 * 7);
  // After an abort of our own that could not be written, until the next try.
  runtime::Duration retry_delay = std::chrono::seconds(1);
  // Of one namespace.
  std::size_t max_ids = 100'000;
  // What all ids and their transactions take: names of ids, topics and groups, or a little more.
  std::size_t max_bytes = 256 << 20;
};

// Topics and their partitions.
using PartitionsByTopic = std::map<std::string, std::set<std::int32_t>, std::less<>>;

struct ProducerIdentity {
  std::int64_t producer_id = -1;
  std::int16_t epoch = -1;
  bool operator==(const ProducerIdentity&) const = default;
};

// What a request says about its sender.
struct ProducerClaim {
  std::string transactional_id;
  ProducerIdentity producer;
};

struct InitProducerRequest {
  std::string transactional_id;
  runtime::Duration timeout{0};
  // Who the producer takes itself for, if it goes on after an error (KIP-360).
  std::optional<ProducerIdentity> expected;
};

// Which transactions a client speaks of: the first kind keeps its epoch, with the second each
// transaction ends its epoch (KIP-890).
enum class TransactionProtocol : std::uint8_t { kKeepsEpoch, kEndsEpoch };

struct TransactionResult {
  TransactionError error = TransactionError::kNone;
  ProducerIdentity producer;  // from now on, where error == kNone
};
using TransactionDone = absl::AnyInvocable<void(TransactionResult)>;

struct TransactionDescription {
  TransactionState state = TransactionState::kEmpty;
  ProducerIdentity producer;
  runtime::Duration timeout{0};
  std::int64_t start_millis = -1;  // since the epoch; -1: there is no transaction
  PartitionsByTopic partitions;
  std::set<std::string, std::less<>> groups;
};

struct TransactionListing {
  std::string transactional_id;
  TransactionState state = TransactionState::kEmpty;
  std::int64_t producer_id = -1;
  std::int64_t start_millis = -1;
};

}  // namespace wherry::core
