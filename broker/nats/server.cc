#include "broker/nats/server.h"

#include "broker/nats/session.h"

namespace wherry::nats {

namespace {
// An nkey of a server begins with N and has 55 more characters of base32; clients only need it
// unique.
std::string RandomServerId(runtime::Random& random) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id = "N";
  while (id.size() < 56) id.push_back(kAlphabet[random.Below(32)]);
  return id;
}
}  // namespace

void Totals::Add(const Counters& counters) {
  total_connections += counters.total_connections.value();
  in_msgs += counters.in_msgs.value();
  in_bytes += counters.in_bytes.value();
  out_msgs += counters.out_msgs.value();
  out_bytes += counters.out_bytes.value();
  slow_consumers += counters.slow_consumers.value();
  stale_connections += counters.stale_connections.value();
  stalled_clients += counters.stalled_clients.value();
}

ServerShard::ServerShard(Server& server, runtime::Shard& shard,
                         const std::vector<runtime::Shard*>& shards,
                         std::shared_ptr<const Configuration> configuration)
    : server_(server),
      shard_(shard),
      configuration_(std::move(configuration)),
      configured_unix_millis_(shard.clock().UnixMillis()),
      outboxes_(shard, shards, [this] { OnRoom(); }) {}

ServerShard::~ServerShard() = default;

Router& ServerShard::RouterOf(Account& account) {
  for (const auto& router : routers_) {
    if (&router->account() == &account) return *router;
  }
  routers_.push_back(std::make_unique<Router>(account, shard_, outboxes_));
  return *routers_.back();
}

Router::Stats ServerShard::RouterStatsOf(const Account& account) const {
  for (const auto& router : routers_) {
    if (&router->account() == &account) return router->CurrentStats();
  }
  return {};
}

void ServerShard::ForgetRouterOf(const Account& account) {
  std::erase_if(routers_, [&](const auto& router) { return &router->account() == &account; });
}

const std::string& ServerShard::server_name() const {
  return settings().server_name.empty() ? server_.server_id() : settings().server_name;
}

void ServerShard::Use(std::shared_ptr<const Configuration> configuration) {
  configuration_ = std::move(configuration);
  configured_unix_millis_ = shard_.clock().UnixMillis();
  for (Session* const session : SessionsNow()) session->OnReload();
}

void ServerShard::TellLameDuck() {
  for (Session* const session : sessions_) session->TellInfo();
}

void ServerShard::CloseOne() {
  if (!sessions_.empty()) (*sessions_.begin())->End();
}

void ServerShard::OnRoom() {
  if (congested()) return;
  for (Session* const session : sessions_) session->OnRoom();
}

Server::Server(std::shared_ptr<const Configuration> configuration,
               std::vector<runtime::Shard*> shards, Services services)
    : services_(std::move(services)),
      server_id_(RandomServerId(shards.front()->random())),
      start_unix_millis_(shards.front()->clock().UnixMillis()),
      closed_connections_(configuration->settings.max_closed_clients) {
  for (runtime::Shard* const shard : shards) {
    parts_.push_back(std::make_unique<ServerShard>(*this, *shard, shards, configuration));
  }
  AddAccount(Account::Entry::kByName, std::string(Account::kGlobalName), {});
  AddAccounts(*configuration);
}

void Server::AddAccounts(const Configuration& configuration) {
  for (const auto& [name, limits] : configuration.accounts) {
    AddAccount(Account::Entry::kByName, name, limits);
  }
}

Account* Server::AddAccountWithListeners(std::string name) {
  return AddAccount(Account::Entry::kByListener, std::move(name), {});
}

// nullptr: there is one of that name.
Account* Server::AddAccount(Account::Entry entry, std::string name, AccountLimits limits) {
  auto account =
      std::make_shared<Account>(entry, std::move(name), limits, static_cast<int>(parts_.size()));
  const std::lock_guard<std::mutex> lock(accounts_mutex_);
  for (const auto& other : accounts_) {
    if (other->name() == account->name()) return nullptr;
  }
  // Users of the configuration share the broker's listeners, and what goes wrong there.
  if (entry == Account::Entry::kByName && !accounts_.empty()) {
    account->set_fault_plan(accounts_.front()->fault_plan());
  }
  return accounts_.emplace_back(std::move(account)).get();
}

void Server::RemoveAccount(const Account& account) {
  const std::lock_guard<std::mutex> lock(accounts_mutex_);
  std::erase_if(accounts_, [&](const auto& other) { return other.get() == &account; });
}

Account* Server::FindAccount(std::string_view name) {
  const std::lock_guard<std::mutex> lock(accounts_mutex_);
  for (const auto& account : accounts_) {
    if (account->name() == name && account->entry() == Account::Entry::kByName) {
      return account.get();
    }
  }
  return nullptr;
}

void Server::Reload(std::shared_ptr<const Configuration> configuration) {
  AddAccounts(*configuration);
  for (const auto& part : parts_) {
    part->shard().Post([&part = *part, configuration] { part.Use(configuration); });
  }
}

Server::~Server() = default;

std::unique_ptr<net::Session> Server::MakeSession(net::Connection& connection, Account& home) {
  return std::make_unique<Session>(On(connection.shard()), connection, home);
}

void Server::EnterLameDuck(std::function<void()> ended) {
  if (is_lame_duck_.exchange(true)) return;
  lame_duck_ = std::make_unique<LameDuck>(*this, std::move(ended));
  lame_duck_->Begin();
}

void Server::ConnectionClosed() {
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  if (!is_lame_duck()) return;
  home().shard().Post([this] {
    if (lame_duck_ != nullptr) lame_duck_->OnConnectionClosed();
  });
}

std::vector<std::shared_ptr<Account>> Server::accounts() const {
  const std::lock_guard<std::mutex> lock(accounts_mutex_);
  return accounts_;
}

Totals Server::CurrentTotals() const {
  Totals totals;
  for (const auto& part : parts_) totals.Add(part->counters());
  totals.connections = static_cast<std::uint64_t>(connection_count());
  const std::lock_guard<std::mutex> lock(accounts_mutex_);
  for (const auto& account : accounts_) totals.subscriptions += account->subscription_count();
  return totals;
}

}  // namespace wherry::nats
