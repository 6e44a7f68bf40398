#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wherry::nats_server {

// True for "nats-server" and "/usr/bin/nats-server": the names under which the server takes
// nats-server's command line.
bool IsOurName(std::string_view program);

// Runs the server under nats-server's name until a signal ends it. Returns the exit status.
int Run(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace wherry::nats_server
