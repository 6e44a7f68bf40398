#include "wherry/broker.h"

#include <unistd.h>

#include <future>
#include <mutex>
#include <random>

#include "absl/strings/str_cat.h"
#include "broker/embed/data.h"
#include "broker/embed/kafka_state.h"
#include "broker/embed/nats_state.h"
#include "broker/embed/shard_link.h"
#include "broker/embed/status_of.h"
#include "broker/embed/tls.h"
#include "broker/http/monitor.h"
#include "broker/kafka/session.h"
#include "broker/nats/server.h"
#include "broker/net/connection.h"
#include "broker/net/http_session.h"
#include "broker/net/listener.h"
#include "broker/runtime/shard.h"

namespace wherry {

std::string_view Version() { return WHERRY_VERSION; }

namespace {

nats::Settings SettingsOf(const NatsOptions& options, std::shared_ptr<net::TlsAcceptor> tls) {
  nats::Settings settings;
  if (options.tls.has_value()) {
    settings.tls = embed::TlsPlanOf(options, std::move(tls));
    settings.auth_timeout = options.tls->timeout + std::chrono::seconds(1);
  }
  settings.token = options.token;
  settings.user = options.user;
  settings.password = options.password;
  settings.max_payload = options.max_payload;
  settings.max_control_line = options.max_control_line;
  settings.max_pending = options.max_pending;
  settings.max_connections = options.max_connections;
  return settings;
}

// An option that would be ignored is refused by its name instead.
Status RefuseWhatIsNotThere(const NatsOptions& nats) {
  const NatsOptions defaults;
  const std::pair<const char*, bool> asked[] = {
      {"server_name", !nats.server_name.empty()},
      {"client_advertise", !nats.client_advertise.empty()},
      {"users", !nats.users.empty()},
      {"accounts", !nats.accounts.empty()},
      {"no_auth_user", !nats.no_auth_user.empty()},
      {"auth_timeout", nats.auth_timeout != defaults.auth_timeout},
      {"tls.verify_and_map", nats.tls.has_value() && nats.tls->verify_and_map},
      {"write_deadline", nats.write_deadline != defaults.write_deadline},
      {"max_subscriptions", nats.max_subscriptions != 0},
      {"max_subscription_tokens", nats.max_subscription_tokens != 0},
      {"headers", !nats.headers},
      {"stall_fast_producers", !nats.stall_fast_producers},
      {"ping_interval", nats.ping_interval != defaults.ping_interval},
      {"max_pings_out", nats.max_pings_out != defaults.max_pings_out},
      {"lame_duck_duration", nats.lame_duck_duration != defaults.lame_duck_duration},
      {"lame_duck_grace_period", nats.lame_duck_grace_period != defaults.lame_duck_grace_period},
      {"max_closed_clients", nats.max_closed_clients != defaults.max_closed_clients},
      {"trace", nats.trace},
      {"server_tags", !nats.server_tags.empty()},
      {"server_metadata", !nats.server_metadata.empty()}};
  for (const auto& [name, is_asked] : asked) {
    if (is_asked) {
      return {StatusCode::kInvalidArgument,
              absl::StrCat("nats.", name, " is set, but Wherry does not have it yet")};
    }
  }
  return {};
}

Status CheckOptions(const Options& options) {
  const NatsOptions& nats = options.nats;
  const auto positive = [](const char* name, std::int64_t value) -> Status {
    if (value > 0) return {};
    return {StatusCode::kInvalidArgument,
            absl::StrCat(name, " is ", value, "; it must be above 0")};
  };
  for (const Status& status :
       {positive("nats.max_payload", nats.max_payload),
        positive("nats.max_control_line", nats.max_control_line),
        positive("nats.max_pending", nats.max_pending),
        positive("nats.max_connections", nats.max_connections),
        positive("kafka.default_partitions", options.kafka.default_partitions)}) {
    if (!status.ok()) return status;
  }
  if (!nats.token.empty() && !(nats.user.empty() && nats.password.empty())) {
    return {StatusCode::kInvalidArgument,
            "NATS clients present a token or a user and password; configure one of the two"};
  }
  if (nats.allow_non_tls && !nats.tls.has_value()) {
    return {StatusCode::kInvalidArgument,
            "nats.allow_non_tls is set without nats.tls; without TLS every client may do without"};
  }
  return RefuseWhatIsNotThere(nats);
}

std::uint64_t RandomSeed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) ^ device();
}

}  // namespace

// The composition root. Declared in the order in which the parts need one another: destroyed
// backwards.
struct Broker::State {
  State(const Options& options, std::shared_ptr<net::TlsAcceptor> nats_tls)
      : options(options),
        shard(0, clock, RandomSeed()),
        connections(shard),
        nats_server(SettingsOf(options.nats, std::move(nats_tls)), shard,
                    [this](std::string_view line) { Log(LogLevel::kWarning, line); }),
        monitor([this] { return CurrentVarz(); }),
        link(std::make_shared<embed::ShardLink>(shard)),
        nats_state(std::make_shared<Nats::State>(link, nats_server)),
        nats(nats_state) {}

  void Log(LogLevel level, std::string_view line) const {
    if (options.log) options.log(level, line);
  }

  absl::Status OpenData();
  absl::Status Listen();
  void Begin();
  Status Stop();
  http::Varz CurrentVarz();
  net::ConnectionSet::MakeSession SessionMaker(std::string_view protocol);

  const Options options;
  const pid_t pid = ::getpid();
  runtime::RealClock clock;
  runtime::Shard shard;
  std::unique_ptr<embed::Data> data;
  net::ConnectionSet connections;
  nats::Server nats_server;
  http::Monitor monitor;
  const net::HttpHandler http_handler = [this](const net::HttpRequest& request) {
    return monitor.Handle(request);
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
  return nullptr;
}

absl::Status Broker::State::OpenData() {
  auto opened = embed::Data::Open(options, shard,
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
    auto listener = net::Listener::Open(connections, *url, std::move(make_session));
    if (!listener.ok()) return listener.status();
    listeners.push_back(*std::move(listener));
  }
  return absl::OkStatus();
}

void Broker::State::Begin() {
  shard.Post([this] {
    link->Begin();
    for (auto& listener : listeners) listener->Start();
  });
  shard.Start();
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
    connections.CloseAll();
    nats_state->OnStop();
    data->BeforeStop();
  });
  data->Stop();
  link->End([this] { shard.Stop(); });
  return {};
}

http::Varz Broker::State::CurrentVarz() {
  const nats::Settings& settings = nats_server.settings();
  const nats::Counters& counters = nats_server.counters();
  http::Varz varz;
  varz.server_id = nats_server.server_id();
  varz.version = std::string(nats::Server::kNatsVersion);
  varz.git_commit = absl::StrCat("wherry-", WHERRY_VERSION);
  for (const auto& listener : listeners) {
    if (listener->url().protocol != "nats") continue;
    varz.host = listener->url().host;
    varz.port = listener->url().port;
    break;
  }
  varz.max_connections = settings.max_connections;
  varz.max_payload = settings.max_payload;
  varz.max_control_line = settings.max_control_line;
  varz.max_pending = settings.max_pending;
  varz.auth_required = settings.requires_auth();
  varz.start_unix_millis = nats_server.start_unix_millis();
  varz.now_unix_millis = clock.UnixMillis();
  varz.connections = static_cast<std::uint64_t>(nats_server.connection_count());
  varz.total_connections = counters.total_connections;
  varz.subscriptions = nats_server.router().subscription_count();
  varz.in_msgs = counters.in_msgs;
  varz.out_msgs = counters.out_msgs;
  varz.in_bytes = counters.in_bytes;
  varz.out_bytes = counters.out_bytes;
  varz.slow_consumers = counters.slow_consumers;
  varz.stale_connections = counters.stale_connections;
  return varz;
}

StatusOr<Broker> Broker::Start(const Options& options) {
  if (Status status = CheckOptions(options); !status.ok()) return status;
  auto nats_tls = embed::LoadNatsTls(options.nats);
  if (!nats_tls.ok()) return embed::StatusOf(nats_tls.status());
  auto state = std::make_unique<State>(options, *std::move(nats_tls));
  if (absl::Status status = state->OpenData(); !status.ok()) return embed::StatusOf(status);
  if (absl::Status status = state->Listen(); !status.ok()) return embed::StatusOf(status);
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
    state_->connections.CloseDescriptorsInChild();
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
