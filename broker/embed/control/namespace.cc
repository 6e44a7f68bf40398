// Operations of wherry::Namespace, and those that make and end one.
#include "broker/embed/control/control.h"
#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"
#include "broker/embed/engine.h"
#include "broker/embed/status_of.h"

namespace wherry::embed::control {

namespace {

Answer New(const Scope& scope, Arguments& in) {
  const std::string name = in.Text("name");
  if (Status status = in.Check(); !status.ok()) return status;
  const auto made = Engine::AddNamespace(scope.state, name);
  if (!made.ok()) return StatusOf(made.status());
  NamespaceView space(*made);
  return boost::json::object{{"namespace", JsonText(name)}, {"urls", UrlsJson((*space).Urls())}};
}

Answer Remove(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  if (scope.state.name.name == core::kDefaultNamespace) {
    return Status(StatusCode::kFailedPrecondition,
                  "the default namespace ends with its broker; \"namespace\" names another");
  }
  scope.control.Forget(scope.state);
  Engine::RemoveNamespace(scope.state);
  return boost::json::object();
}

Answer Reset(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  scope.control.Forget(scope.state);
  return Done(scope.space.Reset());
}

constexpr Operation kOperations[] = {
    {"namespace.new", "{name} -> {namespace, urls: {nats: [url], ...}}", New},
    {"namespace.remove", "{} -> {}", Remove},
    {"reset", "{} -> {}", Reset},
};

}  // namespace

std::span<const Operation> NamespaceOperations() { return kOperations; }

}  // namespace wherry::embed::control
