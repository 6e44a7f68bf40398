#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "broker/kafka/security/settings.h"
#include "broker/net/tls_acceptor.h"

namespace wherry::kafka {

class Cluster;

// By which node a client came. A value.
struct NodeEntrance {
  std::int32_t id = 1;
  // Of the listeners of all nodes that belong together, from node 1 on; null: there is one node.
  std::shared_ptr<const std::vector<std::uint16_t>> ports;
};

// How clients come in by one listener: what Kafka calls its security protocol, and whose it is.
// Threads: the home shard. Shared by the listener and its sessions.
struct Entrance {
  std::shared_ptr<const net::TlsAcceptor> tls;  // null: in the clear
  bool sasl = false;
  std::shared_ptr<const SecuritySettings> settings;
  NodeEntrance node;

  // A namespace's cluster, and the group of its connections.
  struct Place {
    Cluster* cluster = nullptr;  // null: there is none of that name now
    std::uint32_t group = 0;
  };
  // "": the namespace whose listener it is.
  std::function<Place(std::string_view name)> find;
};

}  // namespace wherry::kafka
