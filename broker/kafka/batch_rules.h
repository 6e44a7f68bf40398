#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/kafka/topic_config.h"
#include "protocol/kafka/error_code.h"
#include "protocol/kafka/record_batch.h"

namespace wherry::kafka {

// What a topic's rules say to a batch.
struct RulesVerdict {
  ErrorCode error = ErrorCode::kNone;
  std::string message;
  // The records that are to blame, by their place in the batch.
  struct RecordFault {
    std::int32_t index = 0;
    std::string message;
  };
  std::vector<RecordFault> faults;
  // When the broker appended it, where that is the records' time; else -1.
  std::int64_t log_append_time_ms = -1;
  // The greatest timestamp of its records by now.
  std::int64_t max_timestamp = -1;
};

// Holds a batch that CheckBatch found good to the rules of its topic, and does to its bytes what
// they ask for: the time of the append, another codec. `partition` names it to people: "orders-0".
// Records are opened only where a rule is about them; what they decompress to is bounded.
RulesVerdict ApplyRules(const TopicSettings& rules, const std::string& partition,
                        std::int64_t now_unix_millis, std::string& batch);

// Faults that are told of one batch; a batch may have a fault in each of its records.
inline constexpr std::size_t kMaxFaultsTold = 1000;

}  // namespace wherry::kafka
