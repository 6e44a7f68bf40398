#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/clock.h"
#include "wherry/export.h"
#include "wherry/kafka.h"
#include "wherry/namespace.h"
#include "wherry/nats.h"
#include "wherry/options.h"
#include "wherry/status.h"

namespace wherry {

namespace embed {
class Engine;
}

// Wherry's version, "0.1.0".
WHERRY_EXPORT std::string_view Version();
// The version of nats-server whose behaviour NATS clients meet, "2.15.2".
WHERRY_EXPORT std::string_view NatsVersion();

// What a Crash takes.
enum class CrashKind {
  // The machine loses power: what was not synced is gone. A data directory keeps what its kernel
  // has, since that is a real one: use Options::simulated_disk.
  kLoseUnsynced,
  // The process dies: what was handed to the kernel stays.
  kKeepWritten,
};

// A running broker: NATS and Kafka clients connect to its URLs, and nats() and kafka() reach the
// same data without a socket. Any number may run in one process.
//
//   auto broker = wherry::Broker::Start({}).value();
//   natsConnection_ConnectTo(&connection, broker.Url("nats").c_str());
//
// Threads: every function from any thread; Stop, and the destructor, not from a callback of the
// broker.
// Processes: sockets are closed in a program that a child process executes; in a forked child that
// runs on, the destructor only closes descriptors.
class WHERRY_EXPORT Broker {
 public:
  // Starts a broker; when it returns, all listeners accept. Nothing is left running after an error:
  // kUnavailable: a port in use, or a data directory that another process has locked;
  // kPermissionDenied: a data directory that cannot be written; kInvalidArgument: an option that
  // cannot work; kDataLoss: a data directory that is damaged. The message names the value and says
  // what to do.
  static StatusOr<Broker> Start(const Options& options);

  Broker(Broker&&) noexcept;
  Broker& operator=(Broker&&) noexcept;
  // Stops, if Stop was not called.
  ~Broker();

  // Closes listeners and connections, commits what was accepted, ends the threads. Idempotent.
  Status Stop();

  // The broker ends as if its process, or its machine, had died: connections of NATS and Kafka are
  // reset, what was in memory is gone, and so is what the disk had not got (CrashKind). The ports
  // stay taken and refuse connections, HTTP stays, and the Broker, its namespaces, faults and clock
  // too; Nats and Kafka say kUnavailable. Restart goes on from there.
  // kFailedPrecondition: called from a broker callback, or it has crashed already; kUnavailable: it
  // has stopped.
  Status Crash(CrashKind kind = CrashKind::kLoseUnsynced);
  // Starts again on what the disk holds, at the same ports: after a Crash, or after ending in order
  // a broker that runs. Without a disk (Options::data_dir, simulated_disk) all data is gone. Direct
  // subscriptions do not come back; clients do, by themselves.
  // kFailedPrecondition, kUnavailable: as Crash; else what Start says of a data directory.
  Status Restart();

  // What Options::listen names, and what has no namespace of its own. Valid as long as the Broker.
  Namespace& default_namespace();
  // A world apart in this broker, with a listener for each protocol of Options::listen: on the same
  // host and a free port. `name` is for people and for Reset; data does not outlive the Namespace.
  // kAlreadyExists: a namespace, or a NATS account, has that name; kInvalidArgument: an empty name,
  // or one of more than 1024 bytes; kFailedPrecondition: called from a broker callback.
  StatusOr<Namespace> NewNamespace(std::string_view name);
  // The one clock of all that the broker does, in every namespace. Valid as long as the Broker.
  Clock& clock();

  // The default namespace's.
  std::string Url(std::string_view protocol) const { return default_namespace_.Url(protocol); }
  std::string Address(std::string_view protocol) const {
    return default_namespace_.Address(protocol);
  }
  std::vector<std::string> Urls() const { return default_namespace_.Urls(); }
  Nats& nats() { return default_namespace_.nats(); }
  Kafka& kafka() { return default_namespace_.kafka(); }
  StatusOr<std::vector<ConnectionInfo>> connections() { return default_namespace_.connections(); }
  std::vector<RequestInfo> requests() const { return default_namespace_.requests(); }
  std::vector<RequestInfo> Requests(const RequestFilter& filter) const {
    return default_namespace_.Requests(filter);
  }
  StatusOr<std::vector<LintFinding>> Lint(const LintOptions& options = {}) {
    return default_namespace_.Lint(options);
  }
  Faults& faults() { return default_namespace_.faults(); }
  Status Reset() { return default_namespace_.Reset(); }
  StatusOr<std::string> Call(std::string_view operation, std::string_view json) {
    return default_namespace_.Call(operation, json);
  }
  Status Await(const Condition& condition,
               std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    return default_namespace_.Await(condition, limit);
  }
  Status AwaitIdle(std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    return default_namespace_.AwaitIdle(limit);
  }

 private:
  explicit Broker(std::unique_ptr<embed::Engine> engine);
  std::unique_ptr<embed::Engine> engine_;
  Namespace default_namespace_;
};

}  // namespace wherry
