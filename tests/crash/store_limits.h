#pragma once

#include "storage/disk_log_store.h"

namespace wherry::crash {

// Journals that are full every few steps, so that a crash meets all that is done with them.
inline constexpr storage::JournalLimits kSmallJournals{
    .file_bytes = 16 * 1024, .file_batches = 60, .min_kept_bytes = 500};

}  // namespace wherry::crash
