#include "wherry/namespace.h"

#include <utility>

#include "broker/embed/control/control.h"
#include "broker/embed/engine.h"
#include "broker/embed/namespace_state.h"

namespace wherry {

Namespace::Namespace(std::shared_ptr<embed::NamespaceState> state) : state_(std::move(state)) {}
Namespace::Namespace(Namespace&&) noexcept = default;

Namespace& Namespace::operator=(Namespace&& other) noexcept {
  if (this != &other) {
    this->~Namespace();
    new (this) Namespace(std::move(other));
  }
  return *this;
}

Namespace::~Namespace() {
  if (state_ != nullptr) embed::Engine::RemoveNamespace(*state_);
}

const std::string& Namespace::name() const { return state_->name.name; }

std::string Namespace::Url(std::string_view protocol) const {
  const net::Listener* const listener = state_->FindListener(protocol);
  return listener == nullptr ? "" : listener->url().ToString();
}

std::string Namespace::Address(std::string_view protocol) const {
  const net::Listener* const listener = state_->FindListener(protocol);
  return listener == nullptr ? "" : listener->url().HostAndPort();
}

std::vector<std::string> Namespace::Urls() const {
  std::vector<std::string> urls;
  for (const auto& listener : state_->listeners) urls.push_back(listener->url().ToString());
  return urls;
}

Nats& Namespace::nats() { return state_->nats; }

Kafka& Namespace::kafka() { return state_->kafka; }

StatusOr<std::string> Namespace::Call(std::string_view operation, std::string_view json) {
  return state_->control->CallText(state_, operation, json);
}

Faults& Namespace::faults() { return state_->faults; }

Status Namespace::Reset() { return embed::Engine::ResetNamespace(*state_); }

}  // namespace wherry
