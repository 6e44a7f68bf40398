#include "broker/embed/engine.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/kafka_security.h"
#include "broker/embed/refusals.h"
#include "broker/embed/status_of.h"
#include "broker/embed/tls.h"

namespace wherry::embed {

namespace {

constexpr int kMaxThreads = 8;  // unless more are asked for by number

// HTTP connections belong to no namespace, whose end they see.
constexpr std::uint32_t kGroupOfPages = std::numeric_limits<std::uint32_t>::max();

std::uint64_t RandomSeed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) ^ device();
}

std::vector<std::unique_ptr<runtime::Shard>> MakeShards(int threads, runtime::Clock& clock) {
  if (threads == 0) {
    threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxThreads);
  }
  std::vector<std::unique_ptr<runtime::Shard>> shards;
  for (int i = 0; i < threads; ++i) {
    shards.push_back(std::make_unique<runtime::Shard>(i, clock, RandomSeed()));
  }
  return shards;
}

std::vector<std::unique_ptr<net::ConnectionSet>> MakeConnectionSets(
    const std::vector<std::unique_ptr<runtime::Shard>>& shards) {
  std::vector<std::unique_ptr<net::ConnectionSet>> sets;
  for (const auto& shard : shards) sets.push_back(std::make_unique<net::ConnectionSet>(*shard));
  return sets;
}

template <typename T>
std::vector<T*> Pointers(const std::vector<std::unique_ptr<T>>& owned) {
  std::vector<T*> pointers;
  for (const auto& one : owned) pointers.push_back(one.get());
  return pointers;
}

}  // namespace

Engine::Engine(const Options& options,
               std::shared_ptr<const nats::Configuration> nats_configuration)
    : options_(options),
      pid_(::getpid()),
      clock_state_(std::make_shared<Clock::State>(options.clock)),
      clock_(clock_state_),
      shards_(MakeShards(options.threads, clock_state_->clock())),
      all_shards_(std::make_shared<AllShards>(Pointers(shards_))),
      disk_{options.simulated_disk ? std::make_shared<storage::FaultLogStore>() : nullptr,
            std::make_shared<core::StorageFaults>()},
      connections_(MakeConnectionSets(shards_)),
      nats_server_(std::move(nats_configuration), Pointers(shards_),
                   {password_checker_,
                    [this](std::string_view line) { Log(LogLevel::kWarning, line); },
                    [this](std::string_view line) { Log(LogLevel::kTrace, line); }}),
      nats_monitor_(nats_server_, home()),
      link_(std::make_shared<ShardLink>(home())),
      waiters_(std::make_shared<Waiters>(Pointers(shards_), link_)),
      control_(std::make_shared<control::Control>()),
      http_control_(*control_, link_),
      default_namespace_(
          std::make_shared<NamespaceState>(core::Namespace{core::kDefaultNamespace}, 0, *this,
                                           nats_server_.global_account(), options.history)) {}

Engine::~Engine() {
  // Before the shard and the data that they live on; a Namespace may still hold what is left.
  for (const auto& state : Namespaces()) {
    state->listeners.clear();
    state->cluster.reset();
  }
}

absl::Status Engine::Start() {
  if (absl::Status status = LoadKafkaSecurity(); !status.ok()) return status;
  if (absl::Status status = OpenData(); !status.ok()) return status;
  std::vector<std::string> urls = options_.listen;
  if (urls.empty()) urls = {"nats://127.0.0.1:0", "kafka://127.0.0.1:0", "http://127.0.0.1:0"};
  if (absl::Status status = Listen(*default_namespace_, urls); !status.ok()) return status;
  nats_monitor_.SetAddresses(Addresses());
  AddPages();
  Begin();
  return absl::OkStatus();
}

// Also of a broker that runs, on its shard.
absl::Status Engine::OpenData() {
  auto opened = Data::Open(options_, kafka_security_, home(), disk_,
                           [this](std::string_view line) { Log(LogLevel::kWarning, line); });
  if (!opened.ok()) return opened.status();
  data_ = *std::move(opened);
  if (absl::Status status = AddKeptNamespaces(); !status.ok()) return status;
  std::vector<const kafka::Cluster*> clusters;
  for (const auto& state : Namespaces()) {
    auto cluster = data_->OpenCluster(state->name);
    if (!cluster.ok()) return cluster.status();
    state->Use(*std::move(cluster));
    clusters.push_back(state->cluster.get());
  }
  return data_->DropLeftovers(clusters);
}

absl::Status Engine::Listen(NamespaceState& state, const std::vector<std::string>& urls) {
  for (const std::string& text : urls) {
    const absl::StatusOr<net::ListenUrl> url = net::ListenUrl::Parse(text);
    if (!url.ok()) return url.status();
    if (absl::Status status = CheckKafkaListener(*url); !status.ok()) return status;
    if (KafkaProtocolOf(url->protocol).has_value()) {
      if (absl::Status status = ListenForKafka(state, *url); !status.ok()) return status;
      continue;
    }
    net::ConnectionSet::MakeSession make_session = SessionMaker(state, *url);
    if (make_session == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot listen at \"", text, "\": this build does not speak ", url->protocol));
    }
    if (url->protocol == "https" && https_tls_ == nullptr) {
      auto tls = LoadHttpsTls(options_.nats);
      if (!tls.ok()) return tls.status();
      https_tls_ = *std::move(tls);
    }
    if (absl::Status status = ListenAt(state, *url, std::move(make_session)); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status Engine::ListenAt(NamespaceState& state, const net::ListenUrl& url,
                              net::ConnectionSet::MakeSession make_session) {
  // Everything but NATS lives on the first shard.
  std::vector<net::ConnectionSet*> serving = Pointers(connections_);
  if (url.protocol != "nats") serving.resize(1);
  // A reset that was asked for over HTTP is answered there.
  const bool pages = url.protocol == "http" || url.protocol == "https";
  auto listener = net::Listener::Open(std::move(serving), url, std::move(make_session),
                                      pages ? kGroupOfPages : state.group);
  if (!listener.ok()) return listener.status();
  state.listeners.push_back(*std::move(listener));
  return absl::OkStatus();
}

net::ConnectionSet::MakeSession Engine::SessionMaker(NamespaceState& state,
                                                     const net::ListenUrl& url) {
  if (url.protocol == "nats") {
    return [this, &state](net::Connection& connection) {
      return nats_server_.MakeSession(connection, state.account);
    };
  }
  if (url.protocol == "http") {
    return [handler = PagesOf(state, url)](net::Connection& connection) {
      return net::MakeHttpSession(connection, handler);
    };
  }
  if (url.protocol == "https") {
    return [this, handler = PagesOf(state, url)](net::Connection& connection) {
      return net::MakeHttpSession(connection, handler, https_tls_);
    };
  }
  return nullptr;
}

// What answers at one listener; where it may be controlled, /control too.
net::HttpHandler Engine::PagesOf(NamespaceState& state, const net::ListenUrl& url) {
  const bool controlled = options_.control == ControlAccess::kEverywhere ||
                          (options_.control == ControlAccess::kLoopback && url.IsLoopback());
  // Weakly: a connection may outlive the namespace.
  return [this, controlled, weak = state.weak_from_this()](const net::HttpRequest& request,
                                                           const net::HttpReply& reply) {
    std::shared_ptr<NamespaceState> space = weak.lock();
    if (space == nullptr) return reply.Send({404, "text/plain", "the namespace has ended\n", {}});
    if (controlled && control::HttpControl::Owns(request.path)) {
      return http_control_.Handle(std::move(space), request, reply);
    }
    pages_.Handle(request, reply);
  };
}

// When the ports of the default namespace are known.
nats::MonitorAddresses Engine::Addresses() const {
  nats::MonitorAddresses addresses;
  for (const auto& listener : default_namespace_->listeners) {
    const net::ListenUrl& url = listener->url();
    if (url.protocol == "nats" && addresses.port == 0) {
      addresses.host = url.host;
      addresses.port = url.port;
    }
    if (url.protocol == "http" && addresses.http_port == 0) {
      addresses.http_host = url.host;
      addresses.http_port = url.port;
    }
    if (url.protocol == "https" && addresses.https_port == 0) {
      addresses.http_host = url.host;
      addresses.https_port = url.port;
    }
  }
  return addresses;
}

void Engine::AddPages() {
  for (const nats::Monitor::Page& page : nats::Monitor::Pages()) {
    pages_.Add(
        std::string(page.path),
        [this, serve = page.serve](const net::HttpRequest& request, const net::HttpReply& reply) {
          serve(nats_monitor_, request, reply);
        });
  }
}

void Engine::Begin() {
  default_namespace_->nats_state->stop_listening = [this] {
    for (const auto& state : Namespaces()) {
      for (const auto& listener : state->listeners) {
        if (listener->url().protocol == "nats") listener->Stop();
      }
    }
  };
  for (const auto& state : Namespaces()) {
    state->nats_state->stop_listening = default_namespace_->nats_state->stop_listening;
  }
  home().Post([this] {
    link_->Begin();
    for (auto& listener : default_namespace_->listeners) listener->Start();
  });
  for (const auto& shard : shards_) shard->Start();
  clock_state_->Use(all_shards_);
}

std::vector<std::shared_ptr<NamespaceState>> Engine::Namespaces() const {
  std::vector<std::shared_ptr<NamespaceState>> all = {default_namespace_};
  const std::lock_guard<std::mutex> lock(namespaces_mutex_);
  all.insert(all.end(), namespaces_.begin(), namespaces_.end());
  return all;
}

Status Engine::Stop() {
  if (link_->OnShardThread()) return EndFromCallback("Stop");
  const std::lock_guard<std::mutex> lock(stop_mutex_);
  if (stopped_) return {};
  stopped_ = true;
  all_shards_->End();
  const std::vector<std::shared_ptr<NamespaceState>> namespaces = Namespaces();
  for (const auto& state : namespaces) {
    const std::lock_guard<std::mutex> engine_lock(state->engine_mutex);
    state->engine = nullptr;
  }
  link_->Run([&] {
    for (const auto& state : namespaces) {
      for (auto& listener : state->listeners) listener->Stop();
    }
  });
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    RunAndWait(*shards_[i], [this, i] { connections_[i]->CloseAll(); });
    shards_[i]->Stop();
  }
  link_->Run([&] {
    waiters_->OnStop();
    connections_.front()->CloseAll();
    for (const auto& state : namespaces) {
      state->nats_state->OnStop();
      if (state->cluster != nullptr) state->cluster->BeforeStop();
    }
  });
  if (data_ != nullptr) data_->Stop();
  password_thread_.Stop();
  for (const auto& state : namespaces) state->fault_plan->Close();
  link_->End([this] { home().Stop(); });
  http_control_.Stop();
  return {};
}

bool Engine::InForkedChild() const { return ::getpid() != pid_; }

void Engine::CloseDescriptorsInChild() {
  for (const auto& state : Namespaces()) {
    for (auto& listener : state->listeners) listener->CloseDescriptorsInChild();
  }
  for (auto& connections : connections_) connections->CloseDescriptorsInChild();
}

}  // namespace wherry::embed
