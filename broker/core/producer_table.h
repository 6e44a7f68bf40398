#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::core {

// What an idempotent producer writes on each batch (KIP-98).
struct ProducerStamp {
  std::int64_t producer_id = -1;
  std::int16_t epoch = -1;
  std::int32_t first_sequence = -1;
  std::int32_t last_sequence = -1;  // wraps from INT32_MAX to 0
  std::int64_t max_timestamp = -1;  // of the batch, answered again for a duplicate
};

}  // namespace wherry::core
