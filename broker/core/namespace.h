#pragma once

#include <string>
#include <string_view>

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

// What the keys of a namespace's state begin with in the store: the size of its name in two bytes,
// the name, and the kind of state ("topics/"). storage/FORMAT.md lists the kinds.
inline std::string StateKey(const Namespace& home, std::string_view kind) {
  std::string key;
  key.push_back(static_cast<char>(home.name.size() >> 8));
  key.push_back(static_cast<char>(home.name.size()));
  return key.append(home.name).append(kind);
}

}  // namespace wherry::core
