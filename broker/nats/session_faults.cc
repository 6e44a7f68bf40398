// What goes wrong on a connection because a test wants it to: core::FaultPlan says what.
#include "broker/nats/session_faults.h"

#include <utility>

#include "broker/nats/operation_name.h"

namespace wherry::nats {

namespace {

using core::FaultAction;
using core::FaultStrike;

}  // namespace

Session::Struck::Struck(Session& session)
    : session(session),
      operation_timer(session.part_.shard().timers(), runtime::TimerKind::kDelivery,
                      "operation delayed by a fault"),
      delivery_timer(session.part_.shard().timers(), runtime::TimerKind::kDelivery,
                     "message delayed by a fault") {}

void Session::Struck::Stop() {
  operation_timer.Cancel();
  delivery_timer.Cancel();
  deliveries.clear();
}

Session::Struck& Session::BecomeStruck() {
  if (struck_ == nullptr) struck_ = std::make_shared<Struck>(*this);
  return *struck_;
}

bool Session::IsMute() const { return struck_ != nullptr && struck_->mute; }

// True: the connection has ended, or is not to be greeted yet.
bool Session::MeetFaultsOfConnection() {
  core::FaultPlan* const faults = account_->faults();
  if (faults == nullptr) return false;
  core::FaultPoint point;
  point.operation = "nats.connection";
  point.connection = client_id_;
  for (const FaultStrike& strike : faults->TakeAll(point)) {
    if (connection_.closing()) break;
    if (strike.impairs_connection()) {
      Impair(strike);
    } else if (strike.action == FaultAction::kReset || strike.action == FaultAction::kClose) {
      EndByFault(strike.action == FaultAction::kReset);
    } else {
      BecomeStruck().greeted = false;
      WaitFor(strike);
    }
  }
  return connection_.closing() || Waiting();
}

void Session::Impair(const FaultStrike& strike) {
  connection_.Impair({.slice = static_cast<std::size_t>(strike.slice()),
                      .bandwidth = strike.bandwidth(),
                      .close_after = strike.close_after()});
}

void Session::EndByFault(bool reset) {
  if (connection_.closing()) return;
  Leave(CloseReason::kServerShutdown);
  if (reset) {
    connection_.Reset();
  } else {
    connection_.CloseAfterFlush();
  }
}

FaultStrike Session::StrikeOn(const Operation& operation) const {
  core::FaultPlan* const faults = account_->faults();
  core::FaultPoint point;
  point.operation = OperationName(operation.verb);
  if (faults == nullptr || point.operation.empty()) return {};
  std::optional<ConnectOptions> options;
  if (operation.verb == Verb::kConnect) options = ParseConnect(operation.json, connect_);
  const ConnectOptions& client = options.has_value() ? *options : connect_;
  point.client = client.name;
  point.user = client.nkey.empty() ? client.user : client.nkey;
  point.connection = client_id_;
  point.subject = operation.subject;
  if (operation.verb == Verb::kUnsub) {
    const auto found = subscriptions_.find(operation.sid);
    if (found != subscriptions_.end()) point.subject = (*found)->subject();
  } else if (operation.verb != Verb::kPub && operation.verb != Verb::kSub) {
    point.subject = {};
  }
  return faults->Take(point);
}

// False: the operation is not to be handled as it is: a fault has dealt with it, ended the
// connection, or has it wait, in carry_ with all that has come `from` it on.
bool Session::PassesFaults(const Operation& operation, const std::shared_ptr<const void>& owner,
                           std::string_view from, std::string_view behind) {
  if (struck_ != nullptr && std::exchange(struck_->met, false)) return true;
  const FaultStrike strike = StrikeOn(operation);
  if (!strike) return true;
  if (strike.impairs_connection()) {
    Impair(strike);
    return true;
  }
  if (strike.after_apply) return ApplyStruck(strike, operation, owner, behind);
  switch (strike.action) {
    case FaultAction::kFail:
      WriteError(strike.error);
      return false;
    case FaultAction::kDrop:
      return false;
    case FaultAction::kReset:
    case FaultAction::kClose:
      EndByFault(strike.action == FaultAction::kReset);
      return false;
    default:
      BecomeStruck().met = true;
      carry_.assign(from);
      WaitFor(strike);
      return false;
  }
}

// Handles the operation, and has its answer struck. False, as PassesFaults.
bool Session::ApplyStruck(const FaultStrike& strike, const Operation& operation,
                          const std::shared_ptr<const void>& owner, std::string_view behind) {
  BecomeStruck().mute = true;
  Handle(operation, owner);
  struck_->mute = false;
  if (connection_.closing()) return false;
  if (strike.action == FaultAction::kFail) WriteError(strike.error);
  if (strike.action == FaultAction::kReset || strike.action == FaultAction::kClose) {
    EndByFault(strike.action == FaultAction::kReset);
    return false;
  }
  if (strike.action == FaultAction::kHang) WaitFor(strike);
  if (Waiting()) carry_.assign(behind);
  return false;
}

// From here on nothing is handled until the fault lets it go on, in order.
void Session::WaitFor(const FaultStrike& strike) {
  Struck& struck = BecomeStruck();
  struck.waiting = true;
  connection_.PauseReading();
  if (strike.action == FaultAction::kDelay) {
    struck.operation_timer.Arm(strike.delay, [this] { ResumeOperations(); });
  } else if (strike.action == FaultAction::kHold) {
    strike.hold->Park(part_.shard(), [weak = std::weak_ptr<Struck>(struck_)] {
      if (const auto waiting = weak.lock()) waiting->session.ResumeOperations();
    });
  }
}

void Session::ResumeOperations() {
  struck_->waiting = false;
  if (connection_.closing()) return;
  if (!std::exchange(struck_->greeted, true)) Greet();
  if (connection_.closing()) return;
  MaybeResumeReading();
  const std::string waited = std::exchange(carry_, {});
  Consume(waited, nullptr);
  AfterRead();
}

// False: the message does not go to the client now.
bool Session::DeliveryPasses(Subscription& subscription, std::string_view prefix,
                             const Message& message) {
  FaultStrike strike;
  if (core::FaultPlan* const faults = account_->faults(); faults != nullptr) {
    core::FaultPoint point;
    point.operation = "nats.MSG";
    point.client = connect_.name;
    point.user = connect_.nkey.empty() ? connect_.user : connect_.nkey;
    point.connection = client_id_;
    point.subject = message.subject;
    strike = faults->Take(point);
  }
  if (strike.impairs_connection()) {
    Impair(strike);
    strike = {};
  }
  const bool others_wait = struck_ != nullptr && !struck_->deliveries.empty();
  if (!strike && !others_wait && (struck_ == nullptr || !struck_->deaf)) return true;
  if (strike.action == FaultAction::kReset) {
    EndByFault(true);
    return false;
  }
  Struck& struck = BecomeStruck();
  if (strike.action == FaultAction::kClose) {
    // Later: an end in order reads what is left into the slab, which the publisher's bytes are in.
    part_.shard().AtEndOfTurn([weak = std::weak_ptr<Struck>(struck_)] {
      if (const auto ending = weak.lock()) ending->session.EndByFault(false);
    });
  }
  if (strike.action == FaultAction::kHang || strike.action == FaultAction::kClose) {
    struck.deaf = true;
  }
  if (!struck.deaf && strike.action != FaultAction::kDrop) {
    const std::string_view tail = TailFor(prefix, message);
    Struck::Delivery& delivery = struck.deliveries.emplace_back();
    delivery.bytes.append(prefix).append(tail);
    delivery.payload_size = message.payload.size();
    delivery.due = Now() + strike.delay;
    delivery.hold = strike.hold;
    if (strike.hold != nullptr) {
      strike.hold->Park(part_.shard(), [weak = std::weak_ptr<Struck>(struck_), hold = strike.hold] {
        const auto waiting = weak.lock();
        if (waiting == nullptr) return;
        for (Struck::Delivery& held : waiting->deliveries) {
          if (held.hold == hold) held.hold = nullptr;
        }
        waiting->session.SendDelayed();
      });
    }
    SendDelayed();
  }
  // Delivered or lost, it is one of those that the client has asked for.
  if (subscription.max != 0 && subscription.delivered >= subscription.max) {
    RemoveSubscription(subscription);
  }
  return false;
}

// Those that may go, in order.
void Session::SendDelayed() {
  while (!connection_.closing() && !struck_->deliveries.empty()) {
    const Struck::Delivery& first = struck_->deliveries.front();
    if (first.hold != nullptr) return;
    const runtime::Duration left = first.due - Now();
    if (left > runtime::Duration::zero()) {
      return struck_->delivery_timer.Arm(left, [this] { SendDelayed(); });
    }
    connection_.Write(first.bytes);
    Counters& counters = part_.counters();
    counters.out_msgs.Add(1);
    counters.out_bytes.Add(first.payload_size);
    ++counts_.out_msgs;
    counts_.out_bytes += first.payload_size;
    struck_->deliveries.pop_front();
    AfterDelivery();
  }
}

}  // namespace wherry::nats
