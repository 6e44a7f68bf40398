#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/status.h"

namespace wherry::nats_server {

// The processes that run under the name nats-server, without this one. In order.
StatusOr<std::vector<pid_t>> RunningServers();

// Does what --signal asks: "quit", "reload=1234", "ldm=/run/nats.pid", "stop=12*" (every server
// whose id begins so). The error is nats-server's.
Status SendSignal(const std::string& request);

}  // namespace wherry::nats_server
