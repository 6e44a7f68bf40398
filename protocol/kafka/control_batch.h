#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::kafka {

// What a control batch of type COMMIT or ABORT says: a producer's transaction has ended in this
// partition (KIP-98).
struct EndTxnMarker {
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool commit = false;
  std::int32_t coordinator_epoch = -1;
  std::int64_t timestamp = -1;

  bool operator==(const EndTxnMarker&) const = default;
};

// A batch of one record, as Kafka writes it: base offset 0, the CRC set.
std::string BuildEndTxnMarker(const EndTxnMarker& marker);
// nullopt: the bytes are no control batch, or one of another type.
std::optional<EndTxnMarker> ParseEndTxnMarker(std::string_view batch);

}  // namespace wherry::kafka
