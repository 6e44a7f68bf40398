#include "broker/embed/namespace_state.h"

#include <utility>

#include "broker/embed/engine.h"

namespace wherry::embed {

NamespaceState::NamespaceState(core::Namespace name, std::uint32_t group, Engine& engine,
                               nats::Account& account, std::size_t history)
    : name(std::move(name)),
      group(group),
      engine(&engine),
      account(account),
      requests(history == 0 ? nullptr : std::make_shared<core::RequestLog>(history)),
      shards(engine.all_shards()),
      waiters(engine.waiters()),
      nats_state(std::make_shared<Nats::State>(engine.link(), engine.nats_server(), account)),
      kafka_state(std::make_shared<Kafka::State>(engine.link())),
      fault_plan(account.fault_plan()),
      nats(nats_state),
      kafka(kafka_state),
      faults(std::make_shared<Faults::State>(fault_plan, engine.storage_faults())),
      control(engine.control()) {
  account.set_request_log(requests);
  nats_state->requests = requests;
}

NamespaceState::~NamespaceState() = default;

void NamespaceState::Use(std::unique_ptr<kafka::Cluster> next) {
  cluster = std::move(next);
  if (cluster != nullptr) {
    cluster->set_request_log(requests);
    cluster->set_faults(fault_plan);
  }
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
