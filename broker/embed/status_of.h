#pragma once

#include "absl/status/status.h"
#include "wherry/status.h"

namespace wherry::embed {

// Abseil's status ends at the library's edge: an embedder may use another abseil.
Status StatusOf(const absl::Status& status);

}  // namespace wherry::embed
