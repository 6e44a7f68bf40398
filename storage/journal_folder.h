#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace wherry::storage {

// Where the journal of a data directory lies.
std::string JournalFolderOf(const std::string& directory);

// The journal of a new data directory: its folder and its first file, unless they are there. To be
// called before anything else is written, so that a directory without a journal has lost it.
absl::Status CreateFirstJournal(const std::string& directory);

// The numbers of the files, in order. What was not finished when the process ended is deleted.
absl::StatusOr<std::vector<std::uint64_t>> ListJournal(const std::string& folder);

}  // namespace wherry::storage
