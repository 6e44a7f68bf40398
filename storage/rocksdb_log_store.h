#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/log_store.h"

namespace wherry::storage {

// Opens the store in `directory`, which is created if it is missing. What lies in there is told by
// storage/FORMAT.md.
//
// kPermissionDenied: it cannot be created or written; kUnavailable: another process holds it;
// kDataLoss: something in it is damaged; kFailedPrecondition: another version of Wherry wrote it.
// The message names the directory and says what to do.
absl::StatusOr<std::unique_ptr<LogStore>> OpenRocksdbLogStore(const std::string& directory);

}  // namespace wherry::storage
