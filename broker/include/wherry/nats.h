#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wherry/export.h"
#include "wherry/inspect.h"
#include "wherry/nats_options.h"
#include "wherry/status.h"

namespace wherry {

namespace embed {
struct NamespaceState;
}

// One NATS message. A value; owns its bytes.
struct WHERRY_EXPORT NatsMessage {
  std::string subject;
  std::string reply;  // where an answer is expected; empty: nowhere
  // The header block as on the wire ("NATS/1.0\r\nName: value\r\n\r\n"); empty: no headers.
  std::string headers;
  std::string payload;

  // The first header of that name (compared without case), or "" if there is none.
  std::string_view Header(std::string_view name) const;
};

// As GoogleTest prints it.
WHERRY_EXPORT std::ostream& operator<<(std::ostream& out, const NatsMessage& message);

// A live interest in a subject. Ends when destroyed or at Unsubscribe.
// Threads: any one at a time. Owned by the caller; may outlive the broker (it is then silent).
class WHERRY_EXPORT NatsSubscription {
 public:
  NatsSubscription(NatsSubscription&&) noexcept;
  NatsSubscription& operator=(NatsSubscription&&) noexcept;
  ~NatsSubscription();

  // The next message, in the order of delivery; waits up to `timeout`. Only for a subscription
  // without a callback. kDeadlineExceeded: none came; kFailedPrecondition: called from a broker
  // callback, or the subscription has a callback; kUnavailable: the broker stopped.
  StatusOr<NatsMessage> Next(std::chrono::milliseconds timeout);

  // Ends the interest. After it returns (not called from a callback) no callback runs any more.
  void Unsubscribe();

 private:
  friend class Nats;
  struct State;
  explicit NatsSubscription(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// NATS without a socket: the same subjects as the clients on the wire see.
// Threads: every function from any thread. A callback runs on the broker's thread and must not
// block; calls that wait return kFailedPrecondition there, Publish and Subscribe are allowed.
// Owned by the Namespace.
class WHERRY_EXPORT Nats {
 public:
  using Callback = std::function<void(const NatsMessage&)>;

  // Delivers to everybody subscribed at this moment, from the same thread in order. It is visible
  // to socket subscribers and to Next soon after the call returns.
  // kInvalidArgument: an empty or malformed subject, a wildcard, a malformed header block, or more
  // than max_payload bytes (the message names the number).
  Status Publish(std::string_view subject, std::string_view payload);
  Status Publish(const NatsMessage& message);

  // Subscribes; messages published after the call returned are delivered. `subject` may hold `*`
  // and a last `>`. Members of one `queue` share its messages, each going to one of them; empty: no
  // queue.
  // Without a callback messages gather, without bound, until Next takes them.
  // kInvalidArgument: a malformed subject or queue name.
  StatusOr<NatsSubscription> Subscribe(std::string_view subject, Callback callback,
                                       std::string_view queue = "");
  StatusOr<NatsSubscription> Subscribe(std::string_view subject, std::string_view queue = "");

  // Publishes with a private reply subject and waits for the first answer.
  // kUnavailable: nobody is subscribed (no responders); kDeadlineExceeded: no answer in time;
  // kFailedPrecondition: called from a broker callback.
  StatusOr<NatsMessage> Request(std::string_view subject, std::string_view payload,
                                std::chrono::milliseconds timeout);

  // Every subscription there is, of clients and inside the process, by connection and subject.
  // kFailedPrecondition: called from a broker callback, as for all that waits.
  StatusOr<std::vector<NatsSubscriptionInfo>> Subscriptions();
  // Who would get a message on `subject` now, who would not, and why. It speaks of no publisher:
  // one without echo does not get its own messages, one may not be allowed to publish.
  // kInvalidArgument: no subject, or one with a wildcard.
  StatusOr<RouteExplanation> ExplainRoute(std::string_view subject);

  // Lame duck mode, in every namespace: closes the NATS listeners, tells clients to connect
  // elsewhere, and after NatsOptions::lame_duck_grace_period closes their connections one by one
  // over lame_duck_duration. `ended` is called once, on a broker thread, when the last has gone; it
  // must not block, and Stop is for another thread. A second call does nothing.
  Status EnterLameDuck(std::function<void()> ended);

  // Goes over to other options, in every namespace, while clients are connected: users and their
  // permissions, limits, TLS for new connections, tracing. Clients that understand it learn of it
  // by INFO; those who may no longer connect are closed, subscriptions that are no longer allowed
  // end.
  // kInvalidArgument: an option that cannot work; nothing has changed then.
  Status Reload(const NatsOptions& options);

 private:
  friend struct embed::NamespaceState;
  friend class NatsSubscription;
  struct State;
  explicit Nats(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wherry
