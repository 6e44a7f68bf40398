#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/crash/kafka_caller.h"

namespace wherry::crash {

// Writes a batch of one record to partition 0 of the topic, which it makes where it is missing, and
// waits for its acknowledgement. Its offset; nullopt: there was no answer. An error fails the test.
std::optional<std::int64_t> WriteRecord(KafkaCaller& caller, const std::string& topic,
                                        const std::string& value);

}  // namespace wherry::crash
