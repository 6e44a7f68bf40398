// How Kafka's clients come in: listeners, and the namespaces of users.
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/engine.h"
#include "broker/embed/kafka_security.h"
#include "broker/kafka/session.h"

namespace wherry::embed {

absl::Status Engine::LoadKafkaSecurity() {
  auto settings = KafkaSecuritySettings(options_.kafka.security);
  if (!settings.ok()) return settings.status();
  kafka_security_ = *std::move(settings);
  auto tls = LoadKafkaTls(options_.kafka.security);
  if (!tls.ok()) return tls.status();
  kafka_tls_ = *std::move(tls);
  return absl::OkStatus();
}

// Those that users belong to, and once belonged to: what they hold is kept until they are removed.
// On the shard, or before it starts.
absl::Status Engine::AddKeptNamespaces() {
  for (const std::string& name : kafka_security_->Namespaces()) {
    if (absl::Status status = CheckNamespaceName(name); !status.ok()) return status;
  }
  std::set<std::string> wanted = kafka_security_->Namespaces();
  wanted.erase(core::kDefaultNamespace);
  absl::StatusOr<std::set<std::string>> names = data_->KeepNamespaces(std::move(wanted));
  if (!names.ok()) return names.status();
  for (const auto& state : Namespaces()) names->erase(state->name.name);
  for (const std::string& name : *names) {
    nats::Account* const account = nats_server_.AddAccountWithListeners(name);
    if (account == nullptr) {
      return absl::AlreadyExistsError(
          absl::StrCat("the namespace \"", name,
                       "\" of Kafka's users has the name of a NATS account; choose another"));
    }
    auto state = std::make_shared<NamespaceState>(core::Namespace{name}, next_group_++, *this,
                                                  *account, options_.history);
    const std::lock_guard<std::mutex> lock(namespaces_mutex_);
    namespaces_.push_back(std::move(state));
  }
  return absl::OkStatus();
}

absl::Status Engine::CheckKafkaListener(const net::ListenUrl& url) const {
  const std::optional<KafkaProtocol> protocol = KafkaProtocolOf(url.protocol);
  if (!protocol.has_value() || !protocol->tls || kafka_tls_ != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a ", url.protocol, " listener needs kafka.security.tls, whose certificate and "
                                       "key it uses"));
}

// The listener at `url` is node 1's; each other node has one of its own beside it.
absl::Status Engine::ListenForKafka(NamespaceState& state, net::ListenUrl url) {
  const std::int32_t nodes = options_.kafka.nodes;
  if (url.port > std::numeric_limits<std::uint16_t>::max() - (nodes - 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen at \"", url.ToString(), "\": the ", nodes,
                     " Kafka nodes need a port each, and there are not as many above it"));
  }
  const std::uint16_t first = url.port;
  const auto ports = std::make_shared<std::vector<std::uint16_t>>();
  for (std::int32_t node = kafka::Nodes::kFirst; node <= nodes; ++node) {
    if (first != 0) url.port = static_cast<std::uint16_t>(first + node - kafka::Nodes::kFirst);
    absl::Status status = ListenAt(state, url, KafkaSessionMaker(state, url, {node, ports}));
    if (!status.ok()) return status;
    net::Listener& listener = *state.listeners.back();
    ports->push_back(listener.url().port);
    state.kafka_state->listeners.emplace(node, &listener);
  }
  return absl::OkStatus();
}

net::ConnectionSet::MakeSession Engine::KafkaSessionMaker(NamespaceState& state,
                                                          const net::ListenUrl& url,
                                                          kafka::NodeEntrance node) {
  const KafkaProtocol protocol = *KafkaProtocolOf(url.protocol);
  auto entrance = std::make_shared<kafka::Entrance>();
  if (protocol.tls) entrance->tls = kafka_tls_;
  entrance->sasl = protocol.sasl;
  entrance->settings = kafka_security_;
  entrance->node = std::move(node);
  // Weakly: a connection that a user took elsewhere may outlive the namespace.
  entrance->find = [this, own = state.weak_from_this()](std::string_view name) {
    std::vector<std::shared_ptr<NamespaceState>> among = {own.lock()};
    if (!name.empty()) among = Namespaces();
    for (const std::shared_ptr<NamespaceState>& one : among) {
      if (one == nullptr || (!name.empty() && one->name.name != name)) continue;
      return kafka::Entrance::Place{one->cluster.get(), one->group};
    }
    return kafka::Entrance::Place{};
  };
  return [&state, entrance = std::move(entrance)](net::Connection& connection) {
    return std::make_unique<kafka::Session>(*state.cluster, connection, entrance);
  };
}

}  // namespace wherry::embed
