// Namespaces that come and go while the broker runs.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/engine.h"
#include "broker/embed/promise.h"
#include "broker/embed/refusals.h"
#include "broker/embed/status_of.h"

namespace wherry::embed {

namespace {

// A name is part of keys in the store.
constexpr std::size_t kMaxNameSize = 1024;

absl::Status Taken(std::string_view name) {
  return absl::AlreadyExistsError(
      absl::StrCat("there is a namespace, or an account, \"", std::string(name), "\" already"));
}

absl::Status Crashed() {
  return absl::UnavailableError("the broker has crashed; Restart it first");
}

}  // namespace

absl::Status Engine::CheckNamespaceName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameSize) {
    return absl::InvalidArgumentError(absl::StrCat("a namespace's name has 1 to ", kMaxNameSize,
                                                   " bytes, not ", name.size()));
  }
  return absl::OkStatus();
}

// One listener for each protocol of the broker's own, on the same host and a free port.
std::vector<std::string> Engine::UrlsOfNamespace() const {
  std::vector<std::string> urls;
  std::set<std::string> protocols;
  for (const auto& listener : default_namespace_->listeners) {
    net::ListenUrl url = listener->url();
    if (!protocols.insert(url.protocol).second) continue;
    url.port = 0;
    urls.push_back(url.ToString());
  }
  return urls;
}

absl::StatusOr<std::shared_ptr<NamespaceState>> Engine::AddNamespace(std::string_view name) {
  if (link_->OnShardThread()) {
    return absl::FailedPreconditionError(FromCallback("NewNamespace").message());
  }
  if (absl::Status status = CheckNamespaceName(name); !status.ok()) return status;
  absl::StatusOr<std::shared_ptr<NamespaceState>> made =
      absl::UnavailableError("the broker has stopped");
  link_->Run([&] { made = MakeNamespace({std::string(name)}); });
  return made;
}

absl::StatusOr<std::shared_ptr<NamespaceState>> Engine::AddNamespace(NamespaceState& from,
                                                                     std::string_view name) {
  const std::lock_guard<std::mutex> lock(from.engine_mutex);
  if (from.engine == nullptr) return absl::UnavailableError("the broker has stopped");
  return from.engine->AddNamespace(name);
}

Engine* Engine::Running(NamespaceState& state) {
  const std::lock_guard<std::mutex> lock(state.engine_mutex);
  return state.engine;
}

std::shared_ptr<NamespaceState> Engine::FindNamespace(NamespaceState& from,
                                                      std::string_view name) {
  const std::lock_guard<std::mutex> lock(from.engine_mutex);
  if (from.engine == nullptr) return nullptr;
  for (std::shared_ptr<NamespaceState>& state : from.engine->Namespaces()) {
    if (state->name.name == name) return std::move(state);
  }
  return nullptr;
}

// On the shard.
absl::StatusOr<std::shared_ptr<NamespaceState>> Engine::MakeNamespace(core::Namespace name) {
  if (down_) return Crashed();
  if (name.name == core::kDefaultNamespace) return Taken(name.name);
  nats::Account* const account = nats_server_.AddAccountWithListeners(name.name);
  if (account == nullptr) return Taken(name.name);
  auto state = std::make_shared<NamespaceState>(std::move(name), next_group_++, *this, *account,
                                                options_.history);
  auto cluster = data_->OpenCluster(state->name);
  absl::Status status = cluster.status();
  if (status.ok()) {
    state->Use(*std::move(cluster));
    status = Listen(*state, UrlsOfNamespace());
  }
  if (!status.ok()) {
    nats_server_.RemoveAccount(*account);
    return status;
  }
  state->nats_state->stop_listening = default_namespace_->nats_state->stop_listening;
  for (auto& listener : state->listeners) listener->Start();
  const std::lock_guard<std::mutex> lock(namespaces_mutex_);
  return namespaces_.emplace_back(std::move(state));
}

// No client is left, and none can come until the listeners start again.
absl::Status Engine::CloseConnections(NamespaceState& state) {
  const bool ran = link_->Run([&] {
    for (auto& listener : state.listeners) listener->Pause();
    connections_.front()->CloseGroup(state.group);
  });
  if (!ran) return absl::UnavailableError("the broker has stopped");
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    RunAndWait(*shards_[i], [&, i] { connections_[i]->CloseGroup(state.group); });
  }
  return absl::OkStatus();
}

// Of a namespace without connections: ends direct subscriptions, topics and groups.
absl::Status Engine::Erase(NamespaceState& state, Data::Erase what) {
  using Answer = Promise<absl::Status>;
  const auto shared = std::make_shared<Answer::Shared>();
  link_->Post([this, &state, what, promise = Answer(shared)]() mutable {
    state.nats_state->EndSubscriptions();
    // What a crashed broker has of it on its disk is dropped at the next start.
    if (down_) return promise.Keep(Crashed());
    std::unique_ptr<kafka::Cluster> cluster = std::move(state.cluster);
    state.Use(nullptr);
    data_->EraseCluster(std::move(cluster), what,
                        [promise = std::move(promise)](absl::Status status) mutable {
                          promise.Keep(std::move(status));
                        });
  });
  return shared->Wait().value_or(absl::UnavailableError("the broker has stopped"));
}

absl::Status Engine::Reset(NamespaceState& state) {
  state.fault_plan->Clear();
  if (absl::Status status = CloseConnections(state); !status.ok()) return status;
  const absl::Status erased = Erase(state, Data::Erase::kButIdentity);
  if (state.requests != nullptr) state.requests->Clear();
  absl::Status opened;
  link_->Run([&] {
    opened = Crashed();
    if (down_) return;
    auto cluster = data_->OpenCluster(state.name);
    opened = cluster.status();
    if (!opened.ok()) return;
    state.Use(*std::move(cluster));
    for (auto& listener : state.listeners) {
      opened.Update(listener->ListenAgain());  // of a node that was stopped
      listener->Start();
    }
  });
  return erased.ok() ? opened : erased;
}

Status Engine::ResetNamespace(NamespaceState& state) {
  if (state.nats_state->link->OnShardThread()) return FromCallback("Reset");
  const std::lock_guard<std::mutex> lock(state.engine_mutex);
  if (state.engine == nullptr) return Stopped();
  return StatusOf(state.engine->Reset(state));
}

void Engine::RemoveNamespace(NamespaceState& state) {
  const std::lock_guard<std::mutex> lock(state.engine_mutex);
  // From a callback it cannot wait; what is left ends with the broker.
  if (state.engine == nullptr || state.nats_state->link->OnShardThread()) return;
  if (state.engine->InForkedChild()) return;
  Engine& engine = *std::exchange(state.engine, nullptr);
  if (&state != engine.default_namespace_.get()) engine.End(state);
}

void Engine::End(NamespaceState& state) {
  if (!CloseConnections(state).ok()) return;
  state.fault_plan->Close();
  // What a disk does not let go of is dropped at the next start.
  static_cast<void>(Erase(state, Data::Erase::kAll));
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    RunAndWait(*shards_[i], [&, i] { nats_server_.part(i).ForgetRouterOf(state.account); });
  }
  link_->Run([&] {
    state.kafka_state->listeners.clear();
    state.listeners.clear();
    state.nats_state->account = nullptr;
    nats_server_.home().ForgetRouterOf(state.account);
    nats_server_.RemoveAccount(state.account);
    const std::lock_guard<std::mutex> lock(namespaces_mutex_);
    std::erase_if(namespaces_, [&](const auto& other) { return other.get() == &state; });
  });
}

}  // namespace wherry::embed
