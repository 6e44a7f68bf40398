#include "wherry/broker.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "broker/embed/data.h"
#include "broker/embed/kafka_state.h"
#include "broker/embed/nats_state.h"
#include "broker/embed/shard_link.h"
#include "broker/embed/status_of.h"
#include "broker/embed/tls.h"
#include "broker/embed/nats_configuration.h"
#include "broker/http/router.h"
#include "broker/kafka/session.h"
#include "broker/nats/monitor/monitor.h"
#include "broker/nats/server.h"
#include "broker/net/connection.h"
#include "broker/net/http_session.h"
#include "broker/net/listener.h"
#include "broker/runtime/shard.h"

namespace wherry {

std::string_view Version() { return WHERRY_VERSION; }
std::string_view NatsVersion() { return nats::Server::kNatsVersion; }

namespace {

Status CheckOptions(const Options& options) {
  const auto positive = [](const char* name, std::int64_t value) -> Status {
    if (value > 0) return {};
    return {StatusCode::kInvalidArgument,
            absl::StrCat(name, " is ", value, "; it must be above 0")};
  };
  if (options.threads != 0) {
    if (Status status = positive("threads", options.threads); !status.ok()) return status;
  }
  return positive("kafka.default_partitions", options.kafka.default_partitions);
}

constexpr int kMaxThreads = 8;  // unless more are asked for by number

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

// The composition root. Declared in the order in which the parts need one another: destroyed
// backwards.
struct Broker::State {
  State(const Options& options, std::shared_ptr<const nats::Configuration> nats_configuration)
      : options(options),
        shards(MakeShards(options.threads, clock)),
        connections(MakeConnectionSets(shards)),
        nats_server(std::move(nats_configuration), Pointers(shards),
                    {password_checker,
                     [this](std::string_view line) { Log(LogLevel::kWarning, line); },
                     [this](std::string_view line) { Log(LogLevel::kTrace, line); }}),
        nats_monitor(nats_server, home()),
        link(std::make_shared<embed::ShardLink>(home())),
        nats_state(std::make_shared<Nats::State>(link, nats_server)),
        nats(nats_state) {
    nats_state->stop_listening = [this] {
      for (auto& listener : listeners) {
        if (listener->url().protocol == "nats") listener->Stop();
      }
    };
  }

  void Log(LogLevel level, std::string_view line) const {
    if (options.log) options.log(level, line);
  }

  runtime::Shard& home() const { return *shards.front(); }
  absl::Status OpenData();
  absl::Status Listen();
  void Begin();
  Status Stop();
  void AddPages();
  net::ConnectionSet::MakeSession SessionMaker(std::string_view protocol);

  const Options options;
  const pid_t pid = ::getpid();
  runtime::RealClock clock;
  // The first is the home of all that has one; the others serve a share of the NATS connections.
  const std::vector<std::unique_ptr<runtime::Shard>> shards;
  std::unique_ptr<embed::Data> data;
  const std::vector<std::unique_ptr<net::ConnectionSet>> connections;  // one for each shard
  core::BackgroundThread password_thread;
  nats::PasswordChecker password_checker{password_thread};
  nats::Server nats_server;
  nats::Monitor nats_monitor;
  http::Router http_router;
  std::shared_ptr<const net::TlsAcceptor> https_tls;  // with a listener of https
  const net::HttpHandler http_handler = [this](const net::HttpRequest& request,
                                               const net::HttpReply& reply) {
    http_router.Handle(request, reply);
  };
  std::vector<std::unique_ptr<net::Listener>> listeners;
  std::shared_ptr<embed::ShardLink> link;
  std::shared_ptr<Nats::State> nats_state;
  Nats nats;
  std::optional<Kafka> kafka;  // as soon as there is data

  std::mutex stop_mutex;
  bool stopped = false;
};

net::ConnectionSet::MakeSession Broker::State::SessionMaker(std::string_view protocol) {
  if (protocol == "nats") {
    return [this](net::Connection& connection) { return nats_server.MakeSession(connection); };
  }
  if (protocol == "kafka") {
    return [this](net::Connection& connection) {
      return std::make_unique<kafka::Session>(data->cluster(), connection);
    };
  }
  if (protocol == "http") {
    return [this](net::Connection& connection) {
      return net::MakeHttpSession(connection, http_handler);
    };
  }
  if (protocol == "https") {
    return [this](net::Connection& connection) {
      return net::MakeHttpSession(connection, http_handler, https_tls);
    };
  }
  return nullptr;
}

absl::Status Broker::State::OpenData() {
  auto opened = embed::Data::Open(options, home(),
                                  [this](std::string_view line) { Log(LogLevel::kWarning, line); });
  if (!opened.ok()) return opened.status();
  data = *std::move(opened);
  kafka.emplace(Kafka(std::make_shared<Kafka::State>(link, data->cluster())));
  return absl::OkStatus();
}

absl::Status Broker::State::Listen() {
  std::vector<std::string> urls = options.listen;
  if (urls.empty()) urls = {"nats://127.0.0.1:0", "kafka://127.0.0.1:0", "http://127.0.0.1:0"};
  for (const std::string& text : urls) {
    const absl::StatusOr<net::ListenUrl> url = net::ListenUrl::Parse(text);
    if (!url.ok()) return url.status();
    net::ConnectionSet::MakeSession make_session = SessionMaker(url->protocol);
    if (make_session == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot listen at \"", text, "\": this build does not speak ", url->protocol));
    }
    if (url->protocol == "https") {
      auto tls = embed::LoadHttpsTls(options.nats);
      if (!tls.ok()) return tls.status();
      https_tls = *std::move(tls);
    }
    // Everything but NATS lives on the first shard.
    std::vector<net::ConnectionSet*> serving = Pointers(connections);
    if (url->protocol != "nats") serving.resize(1);
    auto listener = net::Listener::Open(std::move(serving), *url, std::move(make_session));
    if (!listener.ok()) return listener.status();
    listeners.push_back(*std::move(listener));
  }
  return absl::OkStatus();
}

void Broker::State::Begin() {
  home().Post([this] {
    link->Begin();
    for (auto& listener : listeners) listener->Start();
  });
  for (const auto& shard : shards) shard->Start();
}

Status Broker::State::Stop() {
  if (link->OnShardThread()) {
    return {StatusCode::kFailedPrecondition,
            "Stop waits for the broker's thread; call it from another one than a callback's"};
  }
  const std::lock_guard<std::mutex> lock(stop_mutex);
  if (stopped) return {};
  stopped = true;
  link->Run([this] {
    for (auto& listener : listeners) listener->Stop();
  });
  for (std::size_t i = 1; i < shards.size(); ++i) {
    embed::RunAndWait(*shards[i], [this, i] { connections[i]->CloseAll(); });
    shards[i]->Stop();
  }
  link->Run([this] {
    connections.front()->CloseAll();
    nats_state->OnStop();
    data->BeforeStop();
  });
  data->Stop();
  password_thread.Stop();
  link->End([this] { home().Stop(); });
  return {};
}

// Behind Listen, when the ports are known.
void Broker::State::AddPages() {
  nats::MonitorAddresses addresses;
  for (const auto& listener : listeners) {
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
  nats_monitor.SetAddresses(std::move(addresses));
  for (const nats::Monitor::Page& page : nats::Monitor::Pages()) {
    http_router.Add(
        std::string(page.path),
        [this, serve = page.serve](const net::HttpRequest& request, const net::HttpReply& reply) {
          serve(nats_monitor, request, reply);
        });
  }
}

StatusOr<Broker> Broker::Start(const Options& options) {
  if (Status status = CheckOptions(options); !status.ok()) return status;
  auto nats_configuration = embed::NatsConfiguration(options.nats);
  if (!nats_configuration.ok()) return embed::StatusOf(nats_configuration.status());
  auto state = std::make_unique<State>(options, *std::move(nats_configuration));
  if (absl::Status status = state->OpenData(); !status.ok()) return embed::StatusOf(status);
  if (absl::Status status = state->Listen(); !status.ok()) return embed::StatusOf(status);
  state->AddPages();
  state->Begin();
  return Broker(std::move(state));
}

Broker::Broker(std::unique_ptr<State> state) : state_(std::move(state)) {}
Broker::Broker(Broker&&) noexcept = default;

Broker& Broker::operator=(Broker&& other) noexcept {
  if (this != &other) {
    this->~Broker();
    new (this) Broker(std::move(other));
  }
  return *this;
}

Broker::~Broker() {
  if (state_ == nullptr) return;
  if (::getpid() != state_->pid) {
    // A forked child has our memory but not our threads: to join them would wait for ever, and to
    // take descriptors out of the shared epoll set would harm the parent.
    for (auto& listener : state_->listeners) listener->CloseDescriptorsInChild();
    for (auto& connections : state_->connections) connections->CloseDescriptorsInChild();
    static_cast<void>(state_.release());
    return;
  }
  static_cast<void>(state_->Stop());
}

Status Broker::Stop() { return state_->Stop(); }

std::string Broker::Url(std::string_view protocol) const {
  for (const auto& listener : state_->listeners) {
    if (listener->url().protocol == protocol) return listener->url().ToString();
  }
  return "";
}

std::string Broker::Address(std::string_view protocol) const {
  for (const auto& listener : state_->listeners) {
    if (listener->url().protocol == protocol) return listener->url().HostAndPort();
  }
  return "";
}

std::vector<std::string> Broker::Urls() const {
  std::vector<std::string> urls;
  for (const auto& listener : state_->listeners) urls.push_back(listener->url().ToString());
  return urls;
}

Nats& Broker::nats() { return state_->nats; }

Kafka& Broker::kafka() { return *state_->kafka; }

}  // namespace wherry
