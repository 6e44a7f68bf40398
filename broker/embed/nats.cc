#include "wherry/nats.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "broker/embed/nats_state.h"
#include "broker/nats/router.h"
#include "protocol/nats/headers.h"
#include "protocol/nats/subject.h"

namespace wherry {

namespace {

Status Stopped() { return {StatusCode::kUnavailable, "the broker has stopped"}; }

Status FromCallback(std::string_view call) {
  return {StatusCode::kFailedPrecondition,
          absl::StrCat(std::string(call), " waits, and a broker callback must not; call it from "
                                          "another thread")};
}

Status Check(const NatsMessage& message, std::int32_t max_payload) {
  if (!nats::IsValidLiteralSubject(message.subject)) {
    return {StatusCode::kInvalidArgument,
            absl::StrCat("cannot publish to \"", message.subject,
                         "\": a subject is tokens joined by dots, without blanks and wildcards")};
  }
  if (!message.reply.empty() && !nats::IsValidLiteralSubject(message.reply)) {
    return {StatusCode::kInvalidArgument,
            absl::StrCat("\"", message.reply, "\" is no subject to reply to")};
  }
  if (!message.headers.empty() && !nats::IsValidHeaderBlock(message.headers)) {
    return {StatusCode::kInvalidArgument,
            "the header block must begin with NATS/1.0 and end with an empty line"};
  }
  const std::size_t size = message.headers.size() + message.payload.size();
  if (size > static_cast<std::size_t>(max_payload)) {
    return {StatusCode::kInvalidArgument,
            absl::StrCat("headers and payload of ", size, " bytes pass max_payload, ", max_payload)};
  }
  return {};
}

// On the shard. True if anybody got it.
bool Route(nats::Server& server, const NatsMessage& message) {
  const bool headers = !message.headers.empty();
  const std::string payload = message.headers + message.payload;
  const std::string reply = message.reply.empty() ? "" : message.reply + " ";
  const std::string sizes = headers ? absl::StrCat(message.headers.size(), " ", payload.size())
                                    : absl::StrCat(payload.size());
  const std::string tail = absl::StrCat(reply, sizes, "\r\n", payload, "\r\n");
  const std::string stripped =
      headers ? absl::StrCat(reply, message.payload.size(), "\r\n", message.payload, "\r\n") : "";
  nats::Message routed;
  routed.subject = message.subject;
  routed.reply = message.reply;
  routed.header_size = headers ? static_cast<std::int32_t>(message.headers.size()) : -1;
  routed.payload = payload;
  routed.tail = tail;
  routed.stripped_tail = stripped;
  ++server.counters().in_msgs;
  server.counters().in_bytes += payload.size();
  return server.router().Deliver(server.router().Find(message.subject), routed, nullptr);
}

}  // namespace

std::string_view NatsMessage::Header(std::string_view name) const {
  return nats::FindHeader(headers, name);
}

// Both sides of a subscription: the queue that Next takes from, and the broker's Subscriber.
struct NatsSubscription::State : nats::Subscriber, std::enable_shared_from_this<State> {
  // Its NatsSubscription ends the interest before it lets go of us, so the router never outlives us.
  State(std::shared_ptr<Nats::State> broker, Nats::Callback callback)
      : broker(std::move(broker)), callback(std::move(callback)) {}

  void Deliver(nats::Subscription&, std::string_view, const nats::Message& message) override {
    const std::size_t header_size = message.has_headers() ? static_cast<std::size_t>(message.header_size) : 0;
    NatsMessage copy{std::string(message.subject), std::string(message.reply),
                     std::string(message.payload.substr(0, header_size)),
                     std::string(message.payload.substr(header_size))};
    ++broker->server.counters().out_msgs;
    broker->server.counters().out_bytes += message.payload.size();
    if (callback) {
      // The callback may end the subscription, and with it drop the last other reference to us.
      const std::shared_ptr<State> alive = shared_from_this();
      callback(copy);
      return;
    }
    const std::lock_guard<std::mutex> lock(mutex);
    arrived.push_back(std::move(copy));
    changed.notify_one();
  }
  bool CanTake() const override { return true; }

  // On the shard.
  void Begin(std::string_view subject, std::string_view queue) {
    interest = std::make_unique<nats::Subscription>(*this, subject, queue, "0");
    broker->server.router().Subscribe(*interest);
  }
  void End() {
    if (interest == nullptr) return;
    broker->server.router().Unsubscribe(std::move(interest));
    interest = nullptr;
    // A delivery of this very turn may still hold the route, which refers to us.
    broker->server.home().AtEndOfTurn([alive = shared_from_this()] {});
  }

  const std::shared_ptr<Nats::State> broker;
  const Nats::Callback callback;
  std::unique_ptr<nats::Subscription> interest;  // on the shard only

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<NatsMessage> arrived;
};

NatsSubscription::NatsSubscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
NatsSubscription::NatsSubscription(NatsSubscription&&) noexcept = default;
NatsSubscription& NatsSubscription::operator=(NatsSubscription&& other) noexcept {
  if (this != &other) {
    Unsubscribe();
    state_ = std::move(other.state_);
  }
  return *this;
}
NatsSubscription::~NatsSubscription() { Unsubscribe(); }

void NatsSubscription::Unsubscribe() {
  if (state_ == nullptr) return;
  state_->broker->link->Run([&] { state_->End(); });
}

StatusOr<NatsMessage> NatsSubscription::Next(std::chrono::milliseconds timeout) {
  if (state_->callback) {
    return Status(StatusCode::kFailedPrecondition, "the subscription's messages go to its callback");
  }
  if (state_->broker->link->OnShardThread()) return FromCallback("Next");
  std::unique_lock<std::mutex> lock(state_->mutex);
  if (!state_->changed.wait_for(lock, timeout, [&] { return !state_->arrived.empty(); })) {
    return Status(StatusCode::kDeadlineExceeded,
                  absl::StrCat("no message came within ", timeout.count(), " ms"));
  }
  NatsMessage message = std::move(state_->arrived.front());
  state_->arrived.pop_front();
  return message;
}

Nats::Nats(std::shared_ptr<State> state) : state_(std::move(state)) {}

Status Nats::Publish(std::string_view subject, std::string_view payload) {
  return Publish(NatsMessage{std::string(subject), "", "", std::string(payload)});
}

Status Nats::Publish(const NatsMessage& message) {
  if (Status status = Check(message, state_->max_payload); !status.ok()) return status;
  const bool posted =
      state_->link->Post([state = state_, message] { Route(state->server, message); });
  return posted ? Status() : Stopped();
}

StatusOr<NatsSubscription> Nats::Subscribe(std::string_view subject, Callback callback,
                                           std::string_view queue) {
  if (!nats::IsValidSubject(subject)) {
    return Status(StatusCode::kInvalidArgument,
                  absl::StrCat("cannot subscribe to \"", std::string(subject),
                               "\": a subject is tokens joined by dots, without blanks, `>` last"));
  }
  if (!queue.empty() && queue.find_first_of(" \t\r\n") != std::string_view::npos) {
    return Status(StatusCode::kInvalidArgument,
                  absl::StrCat("\"", std::string(queue), "\" is no queue name: it has a blank"));
  }
  auto subscription = std::make_shared<NatsSubscription::State>(state_, std::move(callback));
  if (!state_->link->Run([&] { subscription->Begin(subject, queue); })) return Stopped();
  return NatsSubscription(std::move(subscription));
}

StatusOr<NatsSubscription> Nats::Subscribe(std::string_view subject, std::string_view queue) {
  return Subscribe(subject, Callback(), queue);
}

StatusOr<NatsMessage> Nats::Request(std::string_view subject, std::string_view payload,
                                    std::chrono::milliseconds timeout) {
  if (state_->link->OnShardThread()) return FromCallback("Request");
  NatsMessage message{std::string(subject), "_INBOX.", "", std::string(payload)};
  auto answer = std::make_shared<NatsSubscription::State>(state_, Callback());
  Status status;
  bool delivered = false;
  const bool ran = state_->link->Run([&] {
    runtime::Random& random = state_->server.home().random();
    for (int i = 0; i < 22; ++i) message.reply.push_back(static_cast<char>('a' + random.Below(26)));
    status = Check(message, state_->max_payload);
    if (!status.ok()) return;
    answer->Begin(message.reply, "");
    delivered = Route(state_->server, message);
  });
  if (!ran) return Stopped();
  if (!status.ok()) return status;
  NatsSubscription subscription(std::move(answer));
  if (!delivered) {
    return Status(StatusCode::kUnavailable,
                  absl::StrCat("no responders: nobody is subscribed to \"", message.subject, "\""));
  }
  return subscription.Next(timeout);
}

}  // namespace wherry
