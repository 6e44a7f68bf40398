#pragma once

#include <string>
#include <vector>

#include "broker/embed/namespace_state.h"
#include "wherry/inspect.h"
#include "wherry/status.h"

namespace wherry::embed {

// "librdkafka 2.3.0"
std::string LibraryText(const std::string& name, const std::string& version);

// The open connections of one namespace: NATS', then Kafka's, each by id. As Ask.
StatusOr<std::vector<ConnectionInfo>> ConnectionsOf(NamespaceState& state);

}  // namespace wherry::embed
