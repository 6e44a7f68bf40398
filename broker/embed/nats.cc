#include "wherry/nats.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "broker/embed/nats_configuration.h"
#include "broker/embed/nats_state.h"
#include "broker/embed/refusals.h"
#include "broker/embed/status_of.h"
#include "broker/nats/local_message.h"
#include "broker/nats/router.h"

namespace wherry {

namespace {

Status Stopped() {
  return {StatusCode::kUnavailable, "the broker has stopped, or the namespace has ended"};
}

// Nobody can be reached: why.
Status Unreachable(bool crashed) {
  return crashed ? Status(StatusCode::kUnavailable, "the broker has crashed; Restart it first")
                 : Stopped();
}

nats::LocalMessage Local(const NatsMessage& message) {
  return {message.subject, message.reply, message.headers, message.payload};
}

Status Check(const NatsMessage& message, std::int32_t max_payload) {
  return embed::StatusOf(nats::CheckLocalMessage(Local(message), max_payload));
}

}  // namespace

std::string_view NatsMessage::Header(std::string_view name) const {
  return nats::HeaderValue(headers, name);
}

// Both sides of a subscription: the queue that Next takes from, and the broker's Subscriber.
struct NatsSubscription::State : nats::Subscriber, std::enable_shared_from_this<State> {
  // Its NatsSubscription ends the interest before it lets go of us, so the router never outlives
  // us.
  State(std::shared_ptr<Nats::State> broker, Nats::Callback callback)
      : broker(std::move(broker)), callback(std::move(callback)) {}

  void Deliver(nats::Subscription&, std::string_view, const nats::Message& message) override {
    const std::size_t header_size =
        message.has_headers() ? static_cast<std::size_t>(message.header_size) : 0;
    NatsMessage copy{std::string(message.subject), std::string(message.reply),
                     std::string(message.payload.substr(0, header_size)),
                     std::string(message.payload.substr(header_size))};
    nats::Counters& counters = broker->server.home().counters();
    counters.out_msgs.Add(1);
    counters.out_bytes.Add(message.payload.size());
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

  // On the shard. False: the namespace has ended.
  bool Begin(std::string_view subject, std::string_view queue) {
    if (broker->account == nullptr || broker->down) return false;
    interest = nats::Subscription::Make(*this, home().shard().index(), subject, queue, "0");
    router().Subscribe(interest);
    nats::LogLocalInterest(router().account(), home().shard(), "nats.SUB", *interest);
    broker->subscriptions.insert(this);
    return true;
  }
  void End() {
    if (interest == nullptr) return;
    broker->subscriptions.erase(this);
    router().Unsubscribe(*interest);
    nats::LogLocalInterest(router().account(), home().shard(), "nats.UNSUB", *interest);
    interest = nullptr;
    // A delivery of this very turn may still be on its way to us.
    home().shard().AtEndOfTurn([alive = shared_from_this()] {});
  }
  nats::ServerShard& home() const { return broker->server.home(); }
  nats::Router& router() const { return home().RouterOf(*broker->account); }

  void OnStop() {
    const std::lock_guard<std::mutex> lock(mutex);
    stopped = true;
    changed.notify_all();
  }

  const std::shared_ptr<Nats::State> broker;
  const Nats::Callback callback;
  nats::SubscriptionPtr interest;  // on the shard only

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<NatsMessage> arrived;
  bool stopped = false;  // nothing arrives any more
};

void Nats::State::EndSubscriptions() {
  OnStop();
  for (NatsSubscription::State* const subscription : std::set(subscriptions)) subscription->End();
}

void Nats::State::OnStop() {
  for (NatsSubscription::State* const subscription : subscriptions) subscription->OnStop();
}

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
    return Status(StatusCode::kFailedPrecondition,
                  "the subscription's messages go to its callback");
  }
  if (state_->broker->link->OnShardThread()) return embed::FromCallback("Next");
  std::unique_lock<std::mutex> lock(state_->mutex);
  const auto ended = [this] { return !state_->arrived.empty() || state_->stopped; };
  if (!state_->changed.wait_for(lock, timeout, ended)) {
    return Status(StatusCode::kDeadlineExceeded,
                  absl::StrCat("no message came within ", timeout.count(), " ms"));
  }
  if (state_->arrived.empty()) return Stopped();
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
  if (state_->down) return Unreachable(true);
  const bool posted = state_->link->Post([state = state_, message] {
    if (state->account == nullptr) return;
    nats::PublishLocally(state->server, *state->account, Local(message));
  });
  return posted ? Status() : Stopped();
}

StatusOr<NatsSubscription> Nats::Subscribe(std::string_view subject, Callback callback,
                                           std::string_view queue) {
  const absl::Status interest = nats::CheckInterest(subject, queue);
  if (!interest.ok()) return embed::StatusOf(interest);
  auto subscription = std::make_shared<NatsSubscription::State>(state_, std::move(callback));
  bool begun = false;
  state_->link->Run([&] { begun = subscription->Begin(subject, queue); });
  if (!begun) return Unreachable(state_->down);
  return NatsSubscription(std::move(subscription));
}

StatusOr<NatsSubscription> Nats::Subscribe(std::string_view subject, std::string_view queue) {
  return Subscribe(subject, Callback(), queue);
}

StatusOr<NatsMessage> Nats::Request(std::string_view subject, std::string_view payload,
                                    std::chrono::milliseconds timeout) {
  if (state_->link->OnShardThread()) return embed::FromCallback("Request");
  NatsMessage message{std::string(subject), "_INBOX.", "", std::string(payload)};
  auto answer = std::make_shared<NatsSubscription::State>(state_, Callback());
  Status status;
  bool begun = false, delivered = false;
  state_->link->Run([&] {
    runtime::Random& random = state_->server.home().shard().random();
    for (int i = 0; i < 22; ++i) message.reply.push_back(static_cast<char>('a' + random.Below(26)));
    status = Check(message, state_->max_payload);
    if (!status.ok()) return;
    begun = answer->Begin(message.reply, "");
    if (!begun) return;
    nats::LocalMessage request = Local(message);
    request.request = true;
    delivered = nats::PublishLocally(state_->server, *state_->account, request);
  });
  if (!status.ok()) return status;
  if (!begun) return Unreachable(state_->down);
  NatsSubscription subscription(std::move(answer));
  if (!delivered) {
    return Status(StatusCode::kUnavailable,
                  absl::StrCat("no responders: nobody is subscribed to \"", message.subject, "\""));
  }
  return subscription.Next(timeout);
}

Status Nats::EnterLameDuck(std::function<void()> ended) {
  const bool posted = state_->link->Post([state = state_, ended = std::move(ended)]() mutable {
    state->stop_listening();
    state->server.EnterLameDuck(std::move(ended));
  });
  return posted ? Status() : Stopped();
}

Status Nats::Reload(const NatsOptions& options) {
  auto configuration = embed::NatsConfiguration(options);
  if (!configuration.ok()) return embed::StatusOf(configuration.status());
  const bool posted = state_->link->Post([state = state_, configuration = *configuration] {
    state->server.Reload(configuration);
  });
  return posted ? Status() : Stopped();
}

}  // namespace wherry
