#pragma once

#include <atomic>

#include "tools/export/options.h"
#include "wherry/status.h"

namespace wherry::exporting {

// The whole of an export, telling how it goes on standard error. What is done when it fails, or
// `stop` becomes true, is kept in the state file.
Status Export(const ExportOptions& options, const std::atomic<bool>& stop);

}  // namespace wherry::exporting
