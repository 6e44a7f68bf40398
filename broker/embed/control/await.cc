// Operations that wait: wherry/await.h.
#include "broker/embed/control/operation.h"
#include "wherry/await.h"

namespace wherry::embed::control {

namespace {

constexpr std::chrono::milliseconds kLimit = std::chrono::seconds(5);

Answer Await(const Scope& scope, Arguments& in) {
  const std::string text = in.Text("condition");
  const std::chrono::milliseconds limit = in.Patience("limit_ms", kLimit);
  if (Status status = in.Check(); !status.ok()) return status;
  const auto condition = ParseCondition(text);
  if (!condition.ok()) return condition.status();
  return Done(scope.space.Await(*condition, limit));
}

Answer AwaitIdle(const Scope& scope, Arguments& in) {
  const std::chrono::milliseconds limit = in.Patience("limit_ms", kLimit);
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.AwaitIdle(limit));
}

constexpr Operation kOperations[] = {
    {"await",
     "{condition, limit_ms? = 5000} -> {}; condition: \"nats.subscribed SUBJECT [COUNT]\", "
     "\"nats.unsubscribed SUBJECT\", \"connections PROTOCOL COUNT\", \"kafka.group.stable GROUP "
     "[MEMBERS]\", \"kafka.group.empty GROUP\", \"kafka.consumed TOPIC GROUP\", \"kafka.records "
     "TOPIC COUNT\"",
     Await},
    {"await.idle", "{limit_ms? = 5000} -> {}", AwaitIdle},
};

}  // namespace

std::span<const Operation> AwaitOperations() { return kOperations; }

}  // namespace wherry::embed::control
