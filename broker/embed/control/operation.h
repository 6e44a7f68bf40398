#pragma once

#include <span>
#include <string_view>

#include <boost/json/object.hpp>

#include "broker/embed/control/arguments.h"
#include "broker/embed/namespace_state.h"
#include "wherry/namespace.h"
#include "wherry/status.h"

namespace wherry::embed::control {

class Control;

// What an operation acts on: a namespace, and what control itself keeps.
struct Scope {
  Control& control;
  NamespaceState& state;  // of `space`
  Namespace& space;
};

using Answer = StatusOr<boost::json::object>;

// One control operation: a verb of the public API, with JSON in and out.
struct Operation {
  std::string_view name;   // "nats.publish"; over HTTP /control/nats/publish
  std::string_view usage;  // its members and answer, one line for people
  // On the caller's thread, which may wait. Reads `in`, checks it, and only then acts.
  Answer (*run)(const Scope& scope, Arguments& in);
};

// One file each.
std::span<const Operation> BrokerOperations();
std::span<const Operation> NamespaceOperations();
std::span<const Operation> NatsOperations();
std::span<const Operation> KafkaOperations();
std::span<const Operation> InspectOperations();
std::span<const Operation> FaultOperations();
std::span<const Operation> ClockOperations();
std::span<const Operation> AwaitOperations();

// {} of a call that answers nothing but that it went well.
inline Answer Done(Status status) {
  if (!status.ok()) return status;
  return boost::json::object();
}

}  // namespace wherry::embed::control
