#pragma once

#include <signal.h>

#include <string>
#include <vector>

#include "wherry/broker.h"

namespace wherry::server {

// Runs a program beside a broker and waits for its end: its exit status, 128 + n if signal n ended
// it, 127 if there is no such program. The program finds the broker in WHERRY_NATS_URL,
// WHERRY_KAFKA_BOOTSTRAP and WHERRY_HTTP_URL, and is killed with us. `signals`, which every thread
// blocks, are passed on to it; SIGCHLD is among them and tells its end.
// Threads: the main thread, with whose end the program ends.
int RunCommand(const std::vector<std::string>& command, const Broker& broker,
               const sigset_t& signals);

}  // namespace wherry::server
