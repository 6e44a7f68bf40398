#pragma once

#include <string>
#include <vector>

#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {

// A raw client that has said CONNECT and whatever else, and knows that the server has heard it.
// `fields` are added to the CONNECT: ",\"user\":\"joe\"".
RawSocket NamedClient(const NatsServer& server, const std::string& name,
                      const std::string& commands = "", const std::string& fields = "");

// Lets the server end a client for each reason that needs nothing but a word of the client, one
// client after the other; each has the reason's name for its own.
void EndClientsForEveryReason(const NatsServer& server);

// Waits until /connz knows so many ended connections.
void AwaitEnded(const NatsServer& server, std::size_t count);

}  // namespace wherry::conformance
