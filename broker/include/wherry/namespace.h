#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/await.h"
#include "wherry/export.h"
#include "wherry/faults.h"
#include "wherry/inspect.h"
#include "wherry/kafka.h"
#include "wherry/lint.h"
#include "wherry/nats.h"
#include "wherry/status.h"

namespace wherry {

namespace embed {
struct NamespaceState;
class NamespaceView;
}  // namespace embed

// A world of its own in a broker: subjects, topics, groups and offsets that no other namespace
// sees, and listeners of its own on every protocol, by which clients come to it without knowing. A
// shared broker gives each test one, for a fraction of the price of a broker.
//
//   wherry::Namespace orders = broker.NewNamespace("OrdersTest.Retries").value();
//   Connect(orders.Url("nats"));
//
// Its destructor ends it: connections are closed, and everything it held is gone. A broker's
// default namespace ends with the broker.
//
// Threads: every function from any thread but the broker's own; a destructor or Reset not while
// another thread uses the namespace. Owned by the caller; after its broker has stopped it does
// nothing any more.
class WHERRY_EXPORT Namespace {
 public:
  Namespace(Namespace&&) noexcept;
  Namespace& operator=(Namespace&&) noexcept;
  ~Namespace();

  // As NewNamespace was told; "default".
  const std::string& name() const;

  // The first listener's URL of a protocol ("nats", "kafka", "http"): "nats://127.0.0.1:41233".
  // "" if the namespace does not listen there.
  std::string Url(std::string_view protocol) const;
  // "127.0.0.1:41233": what Kafka clients call bootstrap.servers.
  std::string Address(std::string_view protocol) const;
  // Every listener's URL; localhost counts as one.
  std::vector<std::string> Urls() const;

  // The verbs of each protocol, without a socket. Valid as long as the Namespace.
  Nats& nats();
  Kafka& kafka();
  // What is to go wrong for its clients. Valid as long as the Namespace.
  Faults& faults();

  // The open connections of its clients: NATS', then Kafka's, each by id.
  // kUnavailable: the broker has stopped; kFailedPrecondition: called from a broker callback.
  StatusOr<std::vector<ConnectionInfo>> connections();

  // What its clients asked for, oldest first, as far back as Options::history goes (nothing, if
  // that is 0): all of it, or what the filter wants. Also after the broker has stopped.
  std::vector<RequestInfo> requests() const { return Requests({}); }
  std::vector<RequestInfo> Requests(const RequestFilter& filter) const;

  // What looks wrong at the end of a test (wherry/lint.h). Waits, at most LintOptions::grace, for
  // connections that are being closed.
  // kFailedPrecondition: Options::history is 0, or called from a broker callback; kUnavailable: the
  // broker has stopped.
  StatusOr<std::vector<LintFinding>> Lint(const LintOptions& options = {});

  // Waits until the condition holds, without polling: it is looked at when something has happened.
  // `limit` is real time, whatever the broker's clock is.
  // kDeadlineExceeded: it did not; the message says what was seen instead. kInvalidArgument: no
  // such condition; kFailedPrecondition: called from a broker callback; kUnavailable: the broker
  // has stopped.
  Status Await(const Condition& condition,
               std::chrono::milliseconds limit = std::chrono::seconds(5));
  // Waits until nothing is under way: NATS clients have read all that they were sent, and what they
  // sent has been delivered; no Kafka request is being handled, but for fetches that wait for more;
  // what was appended is committed; and every group with members has committed the end of what its
  // members are to read (so a consumer that never commits, or begins at the end of a partition, is
  // waited for in vain). What an application does between reading and sending nobody can see: await
  // what it leads to.
  // kDeadlineExceeded: the message lists what is pending, each in a line; the others as Await.
  Status AwaitIdle(std::chrono::milliseconds limit = std::chrono::seconds(5));

  // As new, at the same ports: connections are closed, subscriptions, topics, groups, offsets,
  // faults and the history are gone. Kafka's cluster id stays, and no producer id is given out
  // twice.
  // kUnavailable: the broker has stopped; kFailedPrecondition: called from a broker callback; else
  // what the disk says.
  Status Reset();

  // Every verb by its name, with a JSON object in and out: for wrappers in other languages, which
  // reach it as wherry_call of wherry/c.h or as POST /control/... over HTTP. Call("nats.publish",
  // R"({"subject": "s", "payload": "p"})") answers "{}"; "broker.operations" answers with all there
  // are. A member "namespace" names another namespace than this one.
  // kNotFound: no such operation or namespace; kInvalidArgument: no JSON object, or a member that
  // is missing, unknown or of the wrong type; else what the verb answers.
  StatusOr<std::string> Call(std::string_view operation, std::string_view json);

 private:
  friend class Broker;
  friend class embed::NamespaceView;
  explicit Namespace(std::shared_ptr<embed::NamespaceState> state);
  std::shared_ptr<embed::NamespaceState> state_;
};

}  // namespace wherry
