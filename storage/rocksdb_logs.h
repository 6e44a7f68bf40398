#pragma once

#include <string>

#include "absl/status/status.h"

// RocksDB's logs, looked at before RocksDB opens them: the write-ahead logs, and the list of its
// files (MANIFEST), which has the same format. Its own recovery either refuses what a loss of power
// leaves of the last record, or drops without a word what comes behind damage.
namespace wherry::storage {

// Reads the logs of a data directory, which nobody has open, and cuts off the last record of a
// write-ahead log that is not whole: it was being written, and nobody was told that it is kept.
// Threads: none of its own. kDataLoss: a record is damaged, and not the last of a write-ahead log;
// the message names the file and the position. kInternal: the cut failed.
absl::Status MendLogs(const std::string& directory);

}  // namespace wherry::storage
