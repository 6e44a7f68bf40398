#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "broker/nats/account.h"
#include "broker/nats/closed_connections.h"
#include "broker/nats/counters.h"
#include "broker/nats/lame_duck.h"
#include "broker/nats/outbox.h"
#include "broker/nats/password_checker.h"
#include "broker/nats/router.h"
#include "broker/nats/settings.h"
#include "broker/net/connection.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

class Server;
class Session;

// What one shard has of the server: its ways to subscribers, its counts, its connections.
// Threads: its shard's only, except counters(). Owned by the server.
class ServerShard {
 public:
  ServerShard(Server& server, runtime::Shard& shard, const std::vector<runtime::Shard*>& shards,
              std::shared_ptr<const Configuration> configuration);
  ~ServerShard();

  Server& server() { return server_; }
  runtime::Shard& shard() { return shard_; }
  Counters& counters() { return counters_; }
  const Counters& counters() const { return counters_; }
  Router& RouterOf(Account& account);
  // All zero where this shard has routed nothing of the account yet.
  Router::Stats RouterStatsOf(const Account& account) const;
  // Of an account that no session and no subscription uses any more; in a turn of its own.
  void ForgetRouterOf(const Account& account);

  void Add(Session& session) { sessions_.insert(&session); }
  void Remove(Session& session) { sessions_.erase(&session); }
  const absl::flat_hash_set<Session*>& sessions() const { return sessions_; }

  const Configuration& configuration() const { return *configuration_; }
  const Settings& settings() const { return configuration_->settings; }
  const std::string& server_name() const;
  void Use(std::shared_ptr<const Configuration> configuration);
  // Since when configuration() holds here.
  std::int64_t configured_unix_millis() const { return configured_unix_millis_; }

  // Where the session whose bytes are being read gathers its messages.
  MessageRun& run() { return run_; }

  // What the request log will say of the operation that is being handled; null: nothing.
  core::LoggedRequest* logging() const { return logging_; }
  void set_logging(core::LoggedRequest* request) { logging_ = request; }

  // Lame duck mode: tells those who understand it at any time, and closes one connection.
  void TellLameDuck();
  void CloseOne();

  // Whether publishers of this shard must rest, since others do not keep up with what it sends.
  bool congested() const { return outboxes_.congested(); }

 private:
  void OnRoom();
  // A copy: what is done to one may end it.
  std::vector<Session*> SessionsNow() const { return {sessions_.begin(), sessions_.end()}; }

  Server& server_;
  runtime::Shard& shard_;
  std::shared_ptr<const Configuration> configuration_;
  std::int64_t configured_unix_millis_;
  ShardOutboxes outboxes_;
  Counters counters_;
  std::vector<std::unique_ptr<Router>> routers_;  // of few accounts: looked for one by one
  absl::flat_hash_set<Session*> sessions_;
  MessageRun run_;
  core::LoggedRequest* logging_ = nullptr;
};

// One NATS server: what all its connections share, on whichever shard they are.
// Threads: any, once constructed; what it gives out says its own. Owned by the composition root.
class Server {
 public:
  using LogLine = std::function<void(std::string_view line)>;
  struct Services {
    PasswordChecker& password_checker;
    LogLine log;
    LogLine trace;  // protocol lines, where Settings::trace asks for them
  };

  // The nats-server version whose wire behaviour this is.
  static constexpr std::string_view kNatsVersion = "2.15.2";

  // `shards` outlive the server; the first is the home of what needs one.
  Server(std::shared_ptr<const Configuration> configuration, std::vector<runtime::Shard*> shards,
         Services services);
  ~Server();

  // On the connection's shard. `home` is the account of clients that name no other.
  std::unique_ptr<net::Session> MakeSession(net::Connection& connection, Account& home);

  // Every shard goes over to `configuration`, soon: clients learn what INFO says of it, and those
  // who may no longer do what they do are stopped. Any thread.
  void Reload(std::shared_ptr<const Configuration> configuration);

  Account& global_account() { return *accounts_.front(); }
  // The account that a user of the configuration may name. nullptr: there is none of that name.
  Account* FindAccount(std::string_view name);
  // All there are, the default one first.
  std::vector<std::shared_ptr<Account>> accounts() const;
  // An account that clients come to by its listeners alone. nullptr: the name is taken.
  Account* AddAccountWithListeners(std::string name);
  // Of an account with listeners of its own, which every shard has forgotten.
  void RemoveAccount(const Account& account);
  PasswordChecker& password_checker() { return services_.password_checker; }
  ServerShard& On(const runtime::Shard& shard) {
    return *parts_[static_cast<std::size_t>(shard.index())];
  }
  ServerShard& part(std::size_t index) { return *parts_[index]; }
  std::size_t shard_count() const { return parts_.size(); }
  // Where subscribers inside the process live.
  ServerShard& home() { return *parts_[0]; }

  // Lame duck mode begins; listeners must have been closed. `ended` runs once, on the first shard,
  // when the last connection has gone. On the first shard; a second call does nothing.
  void EnterLameDuck(std::function<void()> ended);
  bool is_lame_duck() const { return is_lame_duck_.load(std::memory_order_relaxed); }

  Totals CurrentTotals() const;
  std::int32_t connection_count() const {
    return connection_count_.load(std::memory_order_relaxed);
  }
  void ConnectionOpened() { connection_count_.fetch_add(1, std::memory_order_relaxed); }
  void ConnectionClosed();
  // Connections are counted from 1 on, over all shards.
  std::uint64_t NextClientId() { return next_client_id_.fetch_add(1, std::memory_order_relaxed); }

  ClosedConnections& closed_connections() { return closed_connections_; }

  const std::string& server_id() const { return server_id_; }
  std::int64_t start_unix_millis() const { return start_unix_millis_; }
  void Log(std::string_view line) const {
    if (services_.log) services_.log(line);
  }
  void Trace(std::string_view line) const {
    if (services_.trace) services_.trace(line);
  }

 private:
  void AddAccounts(const Configuration& configuration);
  Account* AddAccount(Account::Entry entry, std::string name, AccountLimits limits);

  const Services services_;
  const std::string server_id_;
  const std::int64_t start_unix_millis_;
  ClosedConnections closed_connections_;
  mutable std::mutex accounts_mutex_;  // looked up when a client connects
  std::vector<std::shared_ptr<Account>> accounts_;  // the default one first
  std::atomic<std::int32_t> connection_count_{0};
  std::atomic<std::uint64_t> next_client_id_{1};
  std::vector<std::unique_ptr<ServerShard>> parts_;
  std::atomic<bool> is_lame_duck_{false};
  std::unique_ptr<LameDuck> lame_duck_;  // on the first shard
};

}  // namespace wherry::nats
