#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/journal_file.h"

namespace wherry::storage {

// Goes through the records of files that follow one another, from the first record on, which has
// the number `sequence`, and makes the last one whole: of what was being written when the power or
// the process went away, which nobody was told that it is kept, nothing is left.
//
// `visit` gets a record's frames, the file that it lies in, and where its first batch's bytes
// begin. Files behind one that was not on the disk when the power went away are cut too; that the
// last of `files` takes what follows is always right.
//
// Threads: none of its own. kDataLoss: a record is damaged, and not the last one; the message names
// the file and the position.
absl::Status ReplayJournal(
    const std::vector<std::shared_ptr<JournalFile>>& files, std::uint64_t sequence,
    const std::function<void(const std::shared_ptr<JournalFile>& file,
                             const journal::Frames& frames, std::uint64_t position)>& visit);

}  // namespace wherry::storage
