#include "broker/embed/control/control.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"
#include "broker/embed/engine.h"

namespace wherry::embed::control {

namespace {

StatusOr<boost::json::object> Parse(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return boost::json::object();
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error) {
    return Status(StatusCode::kInvalidArgument,
                  absl::StrCat("the call is not JSON: ", error.message()));
  }
  if (!value.is_object()) {
    return Status(StatusCode::kInvalidArgument, "the call must be a JSON object");
  }
  return std::move(value.get_object());
}

}  // namespace

const std::vector<const Operation*>& Control::Operations() {
  static const std::vector<const Operation*> all = [] {
    std::vector<const Operation*> operations;
    for (const auto area : {BrokerOperations(), NamespaceOperations(), NatsOperations(),
                            KafkaOperations(), InspectOperations(), FaultOperations(),
                            ClockOperations(), AwaitOperations()}) {
      for (const Operation& operation : area) operations.push_back(&operation);
    }
    return operations;
  }();
  return all;
}

StatusOr<boost::json::object> Control::Call(const std::shared_ptr<NamespaceState>& space,
                                            std::string_view operation, boost::json::object in) {
  std::shared_ptr<NamespaceState> state = space;
  if (const boost::json::value* const name = in.if_contains("namespace")) {
    const std::string wanted = name->is_string() ? std::string(name->get_string()) : "";
    state = Engine::FindNamespace(*space, wanted);
    if (state == nullptr) {
      return Status(StatusCode::kNotFound,
                    absl::StrCat("no namespace ", boost::json::serialize(*name)));
    }
    in.erase("namespace");
  }
  for (const Operation* const known : Operations()) {
    if (known->name != operation) continue;
    Arguments arguments(in);
    NamespaceView view(state);
    return known->run(Scope{*this, *state, *view}, arguments);
  }
  return Status(StatusCode::kNotFound,
                absl::StrCat("no operation \"", std::string(operation),
                             "\"; broker.operations answers with those there are"));
}

StatusOr<std::string> Control::CallText(const std::shared_ptr<NamespaceState>& space,
                                        std::string_view operation, std::string_view json) {
  auto in = Parse(json);
  if (!in.ok()) return in.status();
  const auto answer = Call(space, operation, std::move(in).value());
  if (!answer.ok()) return answer.status();
  return boost::json::serialize(*answer);
}

std::string StatusWord(StatusCode code) {
  std::string word(StatusCodeName(code));
  absl::AsciiStrToLower(&word);
  return word;
}

boost::json::object ErrorJson(const Status& status) {
  boost::json::object error;
  error["status"] = StatusWord(status.code());
  error["message"] = JsonText(status.message());
  return {{"error", std::move(error)}};
}

}  // namespace wherry::embed::control
