#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace wherry::core {

// What an idempotent producer writes on each batch (KIP-98).
struct ProducerStamp {
  std::int64_t producer_id = -1;
  std::int16_t epoch = -1;
  std::int32_t first_sequence = -1;
  std::int32_t last_sequence = -1;  // wraps from INT32_MAX to 0
  std::int64_t max_timestamp = -1;  // of the batch, answered again for a duplicate
  bool transactional = false;       // the batch is part of the producer's transaction
  bool begins_at_zero = false;      // also where nothing is known of the producer (KIP-890)
};

// The batch that ends a producer's transaction in one partition. Only a broker writes it.
struct TransactionMarker {
  std::int64_t producer_id = -1;
  std::int16_t epoch = -1;
  bool commit = false;                  // or abort
  std::int32_t coordinator_epoch = -1;  // of who decided it
  std::int64_t timestamp = -1;
};

// The latest batches of each producer in one partition, and where its open transaction began there:
// tells a batch sent again from a new one, and notices a gap.
//
// Example: after the sequences [0,9] and [10,19] of epoch 0, [10,19] is a duplicate, [20,24] is
// accepted, [25,25] is out of order; epoch 1 must begin at 0, and then epoch 0 is stale.
//
// Threads: its partition's home shard. Owned by the partition.
class ProducerTable {
 public:
  // Kafka remembers as many; a producer may have at most five requests in flight.
  static constexpr std::size_t kBatchesKept = 5;
  // Producers remembered per partition; the one that wrote least recently is forgotten first. Those
  // with an open transaction never are, and may be more.
  static constexpr std::size_t kMaxProducers = 10'000;

  struct KeptBatch {
    std::int32_t first_sequence = -1;
    std::int32_t last_sequence = -1;
    std::int64_t base_offset = -1;
    std::int64_t max_timestamp = -1;
  };
  struct Producer {
    std::int16_t epoch = -1;
    std::uint8_t count = 0;
    std::array<KeptBatch, kBatchesKept> batches;  // the oldest first
    std::int64_t transaction_start = -1;          // of its open transaction; -1: none is
    std::int32_t coordinator_epoch = -1;          // of the last marker
    std::int64_t last_timestamp = -1;             // of the last batch or marker
    std::uint64_t last_write = 0;                 // order of writing, for forgetting
  };

  enum class Verdict {
    kAccept,
    kDuplicate,
    kOutOfOrder,
    kStaleEpoch,
    kInsideTransaction,  // a plain batch, while the producer's transaction is open
    kStaleCoordinator,   // a marker of a coordinator that another has taken over from
  };
  struct Answer {
    Verdict verdict = Verdict::kAccept;
    KeptBatch original;  // of a duplicate
  };
  Answer Check(const ProducerStamp& stamp) const;
  // Which epochs a marker may carry: the producer's own or later, or only later ones (KIP-890: each
  // transaction ends its epoch).
  enum class MarkerEpoch { kSameOrLater, kLater };
  Verdict Check(const TransactionMarker& marker, MarkerEpoch epochs) const;

  // What Record changed, so that an append whose commit fails can be taken back.
  struct Undo {
    std::int64_t producer_id = -1;
    std::optional<Producer> before;
  };
  // Notes an accepted batch.
  Undo Record(const ProducerStamp& stamp, std::int64_t base_offset);
  // Notes that the producer's transaction has ended; Undo::before has where it began.
  Undo Record(const TransactionMarker& marker);
  // Takes back the latest Record that has not been taken back.
  void Revert(const Undo& undo);

  const std::map<std::int64_t, Producer>& producers() const { return producers_; }
  bool empty() const { return producers_.empty(); }
  std::size_t size() const { return producers_.size(); }

  // The table as bytes, good up to `end_offset`; storage/FORMAT.md has the layout.
  std::string Encode(std::int64_t end_offset) const;
  struct Decoded;
  // kDataLoss: the bytes are damaged or of a version that this build does not know.
  static absl::StatusOr<Decoded> Decode(std::string_view bytes);

 private:
  // Its entry, as the latest that wrote, in this epoch.
  Producer& Touch(std::int64_t producer_id, std::int16_t epoch, Undo& undo);
  void Forget();

  std::map<std::int64_t, Producer> producers_;
  std::map<std::uint64_t, std::int64_t> by_last_write_;
  std::uint64_t next_write_ = 1;
};

struct ProducerTable::Decoded {
  ProducerTable table;
  std::int64_t end_offset = 0;
};

}  // namespace wherry::core
