#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/export.h"
#include "wherry/kafka.h"
#include "wherry/nats.h"
#include "wherry/options.h"
#include "wherry/status.h"

namespace wherry {

// Wherry's version, "0.1.0".
WHERRY_EXPORT std::string_view Version();
// The version of nats-server whose behaviour NATS clients meet, "2.15.2".
WHERRY_EXPORT std::string_view NatsVersion();

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

  // The first listener's URL of a protocol ("nats", "kafka", "http"): "nats://127.0.0.1:41233".
  // "" if the broker does not listen there.
  std::string Url(std::string_view protocol) const;
  // "127.0.0.1:41233": what Kafka clients call bootstrap.servers.
  std::string Address(std::string_view protocol) const;
  // Every listener's URL, in the order of Options::listen; localhost counts as one.
  std::vector<std::string> Urls() const;

  // The verbs of each protocol, without a socket. Valid as long as the Broker.
  Nats& nats();
  Kafka& kafka();

 private:
  struct State;
  explicit Broker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wherry
