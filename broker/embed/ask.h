#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "broker/embed/promise.h"
#include "broker/embed/refusals.h"
#include "broker/embed/shard_link.h"
#include "broker/embed/status_of.h"
#include "wherry/status.h"

namespace wherry::embed {

// What a call answers that tells nothing but that it went well.
struct Nothing {};

// Runs `ask(promise)` on the shard and waits until the promise is kept, there or elsewhere:
// kUnavailable where the broker stops before that. Not from a broker thread, which would wait for
// itself: kFailedPrecondition there.
template <typename T, typename Question>
StatusOr<T> Ask(ShardLink& link, Question ask) {
  using Answer = Promise<absl::StatusOr<T>>;
  if (link.OnShardThread()) {
    return Status(StatusCode::kFailedPrecondition,
                  "this call waits, and a broker callback must not; make it from another thread");
  }
  const auto shared = std::make_shared<typename Answer::Shared>();
  const bool posted = link.Post(
      [ask = std::move(ask), promise = Answer(shared)]() mutable { ask(std::move(promise)); });
  if (!posted) return Stopped();
  std::optional<absl::StatusOr<T>> answer = shared->Wait();
  if (!answer.has_value()) return Stopped();
  if (!answer->ok()) return StatusOf(answer->status());
  return **std::move(answer);
}

// The same for what works on a namespace's topics and groups: `ask(cluster, promise)`.
// kUnavailable also where the namespace has ended. `State` is Kafka::State.
template <typename T, typename State, typename Question>
StatusOr<T> AskCluster(const std::shared_ptr<State>& state, Question ask) {
  return Ask<T>(*state->link, [state, ask = std::move(ask)](
                                  Promise<absl::StatusOr<T>> promise) mutable {
    if (state->cluster != nullptr) return ask(*state->cluster, std::move(promise));
    promise.Keep(absl::UnavailableError(
        "the namespace has no data: it has ended, or its broker has crashed and needs a Restart"));
  });
}

}  // namespace wherry::embed
