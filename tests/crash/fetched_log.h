#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/crash/kafka_caller.h"

namespace wherry::crash {

// What a partition gives to a consumer that begins at its start.
struct FetchedLog {
  using Entry = std::pair<std::int64_t, std::string>;  // offset, value

  std::vector<Entry> entries;
  int error = 0;  // with which the fetch ended before the end of the log; -1: without an answer

  // `committed_only`: leaves out what a transaction wrote that was aborted or has not ended.
  // Fails the test where a batch does not match its own checksum, or cannot be read.
  static FetchedLog Fetch(KafkaCaller& caller, const std::string& topic, int partition,
                          bool committed_only);
};

}  // namespace wherry::crash
