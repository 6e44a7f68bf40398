#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "broker/embed/control/kept.h"
#include "wherry/faults.h"
#include "wherry/nats.h"
#include "wherry/status.h"

namespace wherry::embed::control {

struct Operation;

// The verbs of a broker by name, with JSON in and out: what the C ABI and /control call, so that a
// language needs no more than either to have them all. Operations are in the files of this folder.
// Threads: any but the broker's own; calls wait. Shared by the broker and its namespaces.
class Control {
 public:
  // Runs one operation on a namespace, or on the one that a member "namespace" names. kNotFound:
  // there is no operation or namespace of that name.
  StatusOr<boost::json::object> Call(const std::shared_ptr<NamespaceState>& space,
                                     std::string_view operation, boost::json::object in);
  // The same with JSON as text; empty stands for {}.
  StatusOr<std::string> CallText(const std::shared_ptr<NamespaceState>& space,
                                 std::string_view operation, std::string_view json);

  // All of them, in order of their areas.
  static const std::vector<const Operation*>& Operations();

  Kept<NatsSubscription>& subscriptions() { return subscriptions_; }
  Kept<Hold>& holds() { return holds_; }
  // Lets go of all that operations made in a namespace.
  void Forget(const NamespaceState& space) {
    subscriptions_.Forget(space);
    holds_.Forget(space);
  }

 private:
  Kept<NatsSubscription> subscriptions_{"subscription"};
  Kept<Hold> holds_{"hold"};
};

// {"error": {"status": "not_found", "message": ...}}
boost::json::object ErrorJson(const Status& status);
// "not_found": a code's name as JSON and other languages have it.
std::string StatusWord(StatusCode code);

}  // namespace wherry::embed::control
