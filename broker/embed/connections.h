#pragma once

#include <vector>

#include "broker/embed/namespace_state.h"
#include "wherry/inspect.h"
#include "wherry/status.h"

namespace wherry::embed {

// The open connections of one namespace: NATS', then Kafka's, each by id. As Ask.
StatusOr<std::vector<ConnectionInfo>> ConnectionsOf(NamespaceState& state);

}  // namespace wherry::embed
