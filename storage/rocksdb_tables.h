#pragma once

#include <string>

#include "absl/status/status.h"

namespace wherry::storage {

// Reads the properties of each table file of a data directory, which nobody has open: RocksDB 7.8
// takes them apart before it looks at their checksum, and damage may end the process there. All
// other blocks it checks itself. A table with another checksum than CRC-32C is left to it.
// Threads: none of its own. kDataLoss: the message names the file and the position.
absl::Status CheckTables(const std::string& directory);

}  // namespace wherry::storage
