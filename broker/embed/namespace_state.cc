#include "broker/embed/namespace_state.h"

#include <utility>

#include "broker/embed/engine.h"

namespace wherry::embed {

NamespaceState::NamespaceState(core::Namespace name, std::uint32_t group, Engine& engine,
                               nats::Account& account)
    : name(std::move(name)),
      group(group),
      engine(&engine),
      account(account),
      nats_state(std::make_shared<Nats::State>(engine.link(), engine.nats_server(), account)),
      kafka_state(std::make_shared<Kafka::State>(engine.link())),
      nats(nats_state),
      kafka(kafka_state) {}

NamespaceState::~NamespaceState() = default;

void NamespaceState::Use(std::unique_ptr<kafka::Cluster> next) {
  cluster = std::move(next);
  kafka_state->cluster = cluster.get();
}

void NamespaceState::EndSubscriptions() { nats_state->EndSubscriptions(); }

const net::Listener* NamespaceState::FindListener(std::string_view protocol) const {
  for (const auto& listener : listeners) {
    if (listener->url().protocol == protocol) return listener.get();
  }
  return nullptr;
}

}  // namespace wherry::embed
