#pragma once

#include <vector>

#include "broker/core/request_log.h"
#include "wherry/inspect.h"

namespace wherry::embed {

// An operation of the log as the public headers have it.
RequestInfo InfoOf(const core::LoggedRequest& request);

// Those in `log` that pass the filter, oldest first; none where there is no log.
std::vector<RequestInfo> RequestsIn(const core::RequestLog* log, const RequestFilter& filter);

}  // namespace wherry::embed
