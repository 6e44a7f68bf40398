#include "storage/disk_log_store.h"

#include <utility>

#include "storage/checks.h"
#include "storage/journal_folder.h"
#include "storage/journaled_log_store.h"

namespace wherry::storage {

absl::StatusOr<std::unique_ptr<DiskLogStore>> OpenDiskLogStore(const std::string& directory,
                                                               const JournalLimits& limits) {
  absl::StatusOr<std::unique_ptr<SealedLogs>> sealed = SealedLogs::Open(directory);
  if (!sealed.ok()) return InDirectory(sealed.status(), directory);
  auto store = std::make_unique<JournaledLogStore>(*std::move(sealed), JournalFolderOf(directory),
                                                   limits);
  if (absl::Status status = store->Load(); !status.ok()) return InDirectory(status, directory);
  return store;
}

}  // namespace wherry::storage
