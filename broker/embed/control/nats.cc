// Operations of wherry::Nats.
#include "absl/strings/str_cat.h"
#include "broker/embed/control/control.h"
#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"

namespace wherry::embed::control {

namespace {

constexpr std::chrono::milliseconds kTimeout = std::chrono::seconds(5);

// The header block of a message that goes out.
std::string HeaderBlock(Arguments& in) {
  const auto headers = in.Headers("headers");
  if (headers.empty()) return "";
  std::string block = "NATS/1.0\r\n";
  for (const auto& [name, value] : headers) {
    const std::string line = absl::StrCat(name, ": ", value.value_or(""));
    if (line.find_first_of("\r\n") != std::string::npos) {
      in.Complain("a header's name and value must not hold a line end");
    }
    absl::StrAppend(&block, line, "\r\n");
  }
  return block + "\r\n";
}

Answer Publish(const Scope& scope, Arguments& in) {
  NatsMessage message;
  message.subject = in.Text("subject");
  message.reply = in.Text("reply", "");
  message.headers = HeaderBlock(in);
  message.payload = in.Bytes("payload").value_or("");
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.nats().Publish(message));
}

Answer Request(const Scope& scope, Arguments& in) {
  const std::string subject = in.Text("subject");
  const std::string payload = in.Bytes("payload").value_or("");
  const std::chrono::milliseconds timeout = in.Patience("timeout_ms", kTimeout);
  if (Status status = in.Check(); !status.ok()) return status;
  const auto answer = scope.space.nats().Request(subject, payload, timeout);
  if (!answer.ok()) return answer.status();
  return ToJson(*answer);
}

Answer Subscribe(const Scope& scope, Arguments& in) {
  const std::string subject = in.Text("subject");
  const std::string queue = in.Text("queue", "");
  if (Status status = in.Check(); !status.ok()) return status;
  auto subscription = scope.space.nats().Subscribe(subject, queue);
  if (!subscription.ok()) return subscription.status();
  return boost::json::object{
      {"subscription", scope.control.subscriptions().Keep(
                           scope.state, std::move(subscription).value())}};
}

Answer Next(const Scope& scope, Arguments& in) {
  const std::int64_t number = in.Integer("subscription");
  const std::chrono::milliseconds timeout = in.Patience("timeout_ms", kTimeout);
  if (Status status = in.Check(); !status.ok()) return status;
  return scope.control.subscriptions().With(number, [&](NatsSubscription& subscription) -> Answer {
    const auto message = subscription.Next(timeout);
    if (!message.ok()) return message.status();
    return ToJson(*message);
  });
}

Answer Unsubscribe(const Scope& scope, Arguments& in) {
  const std::int64_t number = in.Integer("subscription");
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.control.subscriptions().Drop(number));
}

constexpr Operation kOperations[] = {
    {"nats.publish", "{subject, payload?, reply?, headers?: [{name, value}]} -> {}", Publish},
    {"nats.request",
     "{subject, payload?, timeout_ms? = 5000} -> {subject, reply, headers, payload}", Request},
    {"nats.subscribe", "{subject, queue?} -> {subscription}", Subscribe},
    {"nats.next", "{subscription, timeout_ms? = 5000} -> {subject, reply, headers, payload}", Next},
    {"nats.unsubscribe", "{subscription} -> {}", Unsubscribe},
};

}  // namespace

std::span<const Operation> NatsOperations() { return kOperations; }

}  // namespace wherry::embed::control
