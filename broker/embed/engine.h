#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/background_thread.h"
#include "broker/embed/all_shards.h"
#include "broker/embed/clock_state.h"
#include "broker/embed/control/control.h"
#include "broker/embed/control/http_control.h"
#include "broker/embed/data.h"
#include "broker/embed/namespace_state.h"
#include "broker/embed/shard_link.h"
#include "broker/http/router.h"
#include "broker/kafka/security/entrance.h"
#include "broker/nats/monitor/monitor.h"
#include "broker/nats/password_checker.h"
#include "broker/nats/server.h"
#include "broker/net/connection.h"
#include "broker/net/http_session.h"
#include "broker/net/tls_acceptor.h"
#include "broker/runtime/shard.h"
#include "wherry/broker.h"
#include "wherry/options.h"
#include "wherry/status.h"

namespace wherry::embed {

// The composition root: a running broker, its parts put together.
// Threads: any but the broker's own, for what does not say otherwise. Owned by the Broker.
class Engine {
 public:
  // `options` have been checked.
  Engine(const Options& options, std::shared_ptr<const nats::Configuration> nats_configuration);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Opens the data, listens, starts the threads. After an error nothing runs.
  absl::Status Start();
  Status Stop();
  Status Crash(CrashKind kind);
  Status Restart();

  // kAlreadyExists: there is one of that name.
  absl::StatusOr<std::shared_ptr<NamespaceState>> AddNamespace(std::string_view name);
  // Static, because the engine may be gone: it does nothing then.
  static void RemoveNamespace(NamespaceState& state);
  static Status ResetNamespace(NamespaceState& state);

  const std::shared_ptr<NamespaceState>& default_namespace() const { return default_namespace_; }
  // nullptr: the broker has stopped, or the namespace has ended.
  static Engine* Running(NamespaceState& state);
  // nullptr: there is none of that name. Static likewise.
  static std::shared_ptr<NamespaceState> FindNamespace(NamespaceState& from,
                                                       std::string_view name);
  static absl::StatusOr<std::shared_ptr<NamespaceState>> AddNamespace(NamespaceState& from,
                                                                      std::string_view name);

  const std::shared_ptr<control::Control>& control() const { return control_; }
  Clock& clock() { return clock_; }
  nats::Server& nats_server() { return nats_server_; }
  const std::shared_ptr<ShardLink>& link() const { return link_; }
  const std::vector<std::unique_ptr<runtime::Shard>>& shards() const { return shards_; }
  const std::shared_ptr<AllShards>& all_shards() const { return all_shards_; }
  const std::shared_ptr<Waiters>& waiters() const { return waiters_; }
  const std::shared_ptr<core::StorageFaults>& storage_faults() const { return disk_.faults; }

  // In a forked child, which has our memory but not our threads.
  bool InForkedChild() const;
  void CloseDescriptorsInChild();

 private:
  void Log(LogLevel level, std::string_view line) const {
    if (options_.log) options_.log(level, line);
  }
  runtime::Shard& home() const { return *shards_.front(); }
  absl::Status OpenData();
  absl::Status Listen(NamespaceState& state, const std::vector<std::string>& urls);
  void AddPages();
  void Begin();
  nats::MonitorAddresses Addresses() const;
  absl::Status ListenAt(NamespaceState& state, const net::ListenUrl& url,
                        net::ConnectionSet::MakeSession make_session);
  net::ConnectionSet::MakeSession SessionMaker(NamespaceState& state, const net::ListenUrl& url);
  // engine_kafka.cc
  absl::Status LoadKafkaSecurity();
  absl::Status AddKeptNamespaces();
  absl::Status CheckKafkaListener(const net::ListenUrl& url) const;
  absl::Status ListenForKafka(NamespaceState& state, net::ListenUrl url);
  net::ConnectionSet::MakeSession KafkaSessionMaker(NamespaceState& state,
                                                    const net::ListenUrl& url,
                                                    kafka::NodeEntrance node);
  net::HttpHandler PagesOf(NamespaceState& state, const net::ListenUrl& url);
  // All there are, the default one first.
  std::vector<std::shared_ptr<NamespaceState>> Namespaces() const;

  // engine_restart.cc
  enum class Ending { kInOrder, kAbrupt };
  Status TakeDown(Ending ending);
  void DropData();
  absl::Status BringUp();

  // engine_namespaces.cc
  static absl::Status CheckNamespaceName(std::string_view name);
  std::vector<std::string> UrlsOfNamespace() const;
  absl::StatusOr<std::shared_ptr<NamespaceState>> MakeNamespace(core::Namespace name);
  absl::Status CloseConnections(NamespaceState& state);
  absl::Status Erase(NamespaceState& state, Data::Erase what);
  absl::Status Reset(NamespaceState& state);
  void End(NamespaceState& state);

  // Declared in the order in which the parts need one another: destroyed backwards.
  const Options options_;
  const pid_t pid_;
  const std::shared_ptr<Clock::State> clock_state_;
  Clock clock_;
  // The first is the home of all that has one; the others serve a share of the NATS connections.
  const std::vector<std::unique_ptr<runtime::Shard>> shards_;
  const std::shared_ptr<AllShards> all_shards_;
  Disk disk_;
  std::unique_ptr<Data> data_;  // null: it has crashed
  const std::vector<std::unique_ptr<net::ConnectionSet>> connections_;  // one for each shard
  core::BackgroundThread password_thread_;
  nats::PasswordChecker password_checker_{password_thread_};
  nats::Server nats_server_;
  nats::Monitor nats_monitor_;
  http::Router pages_;  // the same in every namespace
  std::shared_ptr<const net::TlsAcceptor> https_tls_;  // with a listener of https
  std::shared_ptr<const net::TlsAcceptor> kafka_tls_;  // null: none of Kafka's listeners has it
  std::shared_ptr<const kafka::SecuritySettings> kafka_security_;
  std::shared_ptr<ShardLink> link_;
  const std::shared_ptr<Waiters> waiters_;
  const std::shared_ptr<control::Control> control_;
  control::HttpControl http_control_;

  std::mutex stop_mutex_;
  bool stopped_ = false;
  bool crashed_ = false;  // under stop_mutex_
  bool down_ = false;     // on the shard only: no namespace has its data now

  const std::shared_ptr<NamespaceState> default_namespace_;
  mutable std::mutex namespaces_mutex_;
  std::vector<std::shared_ptr<NamespaceState>> namespaces_;  // the others
  std::uint32_t next_group_ = 1;
};

}  // namespace wherry::embed
