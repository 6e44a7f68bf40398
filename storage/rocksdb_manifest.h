#pragma once

#include <string>

#include "absl/status/status.h"

namespace wherry::storage {

// Looks at RocksDB's list of its files (MANIFEST) in a data directory, which nobody has open, and
// cuts off a last record that was not written to its end. RocksDB's own recovery refuses what a
// loss of power may leave of that, and drops without a word what comes behind damage, whole tables
// with it.
// Threads: none of its own. kDataLoss: a record is damaged; the message names the file and the
// position. kInternal: the cut failed.
absl::Status MendManifest(const std::string& directory);

}  // namespace wherry::storage
