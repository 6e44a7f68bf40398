#pragma once

#include <string>

namespace wherry::core {

// The unit of isolation and reset: NATS calls it an account, Kafka a tenant, AMQP a virtual host.
// Every topic, group, offset and subject lives in exactly one. A connection gets its namespace at
// accept from its listener, or at authentication; never from a request.
// Threads: immutable after construction, any. Owned by the composition root.
struct Namespace {
  std::string name;
};

// The one that exists without being asked for.
inline constexpr char kDefaultNamespace[] = "default";

}  // namespace wherry::core
