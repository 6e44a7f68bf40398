// Operations on the broker as a whole.
#include <boost/json/array.hpp>

#include "broker/embed/control/control.h"
#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"
#include "wherry/broker.h"

namespace wherry::embed::control {

namespace {

Answer Info(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  return boost::json::object{{"version", JsonText(Version())},
                             {"nats_version", JsonText(NatsVersion())},
                             {"namespace", JsonText(scope.space.name())},
                             {"urls", UrlsJson(scope.space.Urls())}};
}

Answer ListOperations(const Scope&, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  boost::json::array list;
  for (const Operation* const operation : Control::Operations()) {
    list.push_back({{"name", JsonText(operation->name)}, {"usage", JsonText(operation->usage)}});
  }
  return boost::json::object{{"operations", std::move(list)}};
}

constexpr Operation kOperations[] = {
    {"broker.info", "{} -> {version, nats_version, namespace, urls: {nats: [url], ...}}", Info},
    {"broker.operations", "{} -> {operations: [{name, usage}]}", ListOperations},
};

}  // namespace

std::span<const Operation> BrokerOperations() { return kOperations; }

}  // namespace wherry::embed::control
