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
};

// The latest batches of each producer in one partition: tells a batch sent again from a new one,
// and notices a gap.
//
// Example: after the sequences [0,9] and [10,19] of epoch 0, [10,19] is a duplicate, [20,24] is
// accepted, [25,25] is out of order; epoch 1 must begin at 0, and then epoch 0 is stale.
//
// Threads: its partition's home shard. Owned by the partition.
class ProducerTable {
 public:
  // Kafka remembers as many; a producer may have at most five requests in flight.
  static constexpr std::size_t kBatchesKept = 5;
  // Producers remembered per partition; the one that wrote least recently is forgotten first.
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
    std::uint64_t last_write = 0;                 // order of writing, for forgetting
  };

  enum class Verdict { kAccept, kDuplicate, kOutOfOrder, kStaleEpoch };
  struct Answer {
    Verdict verdict = Verdict::kAccept;
    KeptBatch original;  // of a duplicate
  };
  Answer Check(const ProducerStamp& stamp) const;

  // What Record changed, so that an append whose commit fails can be taken back.
  struct Undo {
    std::int64_t producer_id = -1;
    std::optional<Producer> before;
  };
  // Notes an accepted batch.
  Undo Record(const ProducerStamp& stamp, std::int64_t base_offset);
  // Takes back the latest Record that has not been taken back.
  void Revert(const Undo& undo);

  bool empty() const { return producers_.empty(); }
  std::size_t size() const { return producers_.size(); }

  // The table as bytes, good up to `end_offset`; storage/FORMAT.md has the layout.
  std::string Encode(std::int64_t end_offset) const;
  struct Decoded;
  // kDataLoss: the bytes are damaged or of a version that this build does not know.
  static absl::StatusOr<Decoded> Decode(std::string_view bytes);

 private:
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
