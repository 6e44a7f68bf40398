#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/log_store.h"

namespace wherry::storage {

// When a file of the journal ends and what is done with it then.
struct JournalLimits {
  std::uint64_t file_bytes = 64 << 20;
  // Each that is not sealed takes some memory, and some time at the next opening.
  std::size_t file_batches = 64 * 1024;
  // Larger batches are not copied into tables. Smaller ones are: those of one log lie scattered.
  std::uint64_t min_kept_bytes = 16 * 1024;
};

// A LogStore in a directory.
class DiskLogStore : public LogStore {
 public:
  // Takes over into tables all that was committed before, as happens by itself from time to time.
  virtual absl::Status Seal() = 0;
};

// Opens the store in `directory`, which is created if it is missing. What lies in there is told by
// storage/FORMAT.md.
//
// kPermissionDenied: it cannot be created or written; kUnavailable: another process holds it;
// kDataLoss: something in it is damaged; kFailedPrecondition: another version of Wherry wrote it.
// The message names the directory and says what to do.
absl::StatusOr<std::unique_ptr<DiskLogStore>> OpenDiskLogStore(const std::string& directory,
                                                               const JournalLimits& limits = {});

}  // namespace wherry::storage
