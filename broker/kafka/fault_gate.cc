#include "broker/kafka/fault_gate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "broker/net/connection.h"
#include "broker/runtime/timers.h"

namespace wherry::kafka {

namespace {

using core::FaultAction;
using core::FaultStrike;

void Impair(net::Connection& connection, const FaultStrike& strike) {
  connection.Impair({.slice = static_cast<std::size_t>(strike.slice()),
                     .bandwidth = strike.bandwidth(),
                     .close_after = strike.close_after()});
}

// A request that a fault has struck, until it is dealt with.
// Threads: the connection's shard. Owned by its slot, which forgets it when it is answered or the
// connection goes.
class StruckRequest : public std::enable_shared_from_this<StruckRequest> {
 public:
  StruckRequest(FaultStrike strike, const Call& call, const ApiRow& row, std::string_view body,
                const std::shared_ptr<ResponseSlot>& slot)
      : strike_(std::move(strike)),
        row_(row),
        body_(body),
        client_id_(call.client_id),
        call_{call.cluster, call.version, client_id_, call.local, call.remote, call.connection,
              call.socket, call.client},
        slot_(slot),
        timer_(call.cluster.home().timers(), runtime::TimerKind::kDelivery, "delayed by a fault") {}

  // It is handled later, or never; those behind it on the connection wait for it.
  void PutOff() {
    const std::shared_ptr<ResponseSlot> slot = slot_.lock();
    slot->holds_up = true;
    Own(*slot);
    Wait([this] { HandleLate(); });
  }

  // It is handled now, and what befalls it befalls its answer.
  bool Apply() {
    const std::shared_ptr<ResponseSlot> slot = slot_.lock();
    applied_ = std::make_shared<ResponseSlot>();
    applied_->correlation_id = slot->correlation_id;
    applied_->version = slot->version;
    applied_->flexible = slot->flexible;
    applied_->flexible_header = slot->flexible_header;
    applied_->note = std::move(slot->note);
    applied_->changed = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->OnApplied();
    };
    Own(*slot);
    return HandleAllowed(call_, row_, body_, applied_);
  }

 private:
  void Own(ResponseSlot& slot) {
    slot.abandoned = [self = shared_from_this()] {
      self->timer_.Cancel();
      if (self->applied_ == nullptr) return;
      self->applied_->changed = nullptr;
      if (self->applied_->abandoned) std::exchange(self->applied_->abandoned, nullptr)();
    };
  }

  // Runs `then` when the fault lets it go on, unless the connection has gone by then.
  template <typename Then>
  void Wait(Then then) {
    auto resume = [weak = weak_from_this(), then] {
      if (const auto self = weak.lock()) then();
    };
    if (strike_.action == FaultAction::kDelay) timer_.Arm(strike_.delay, std::move(resume));
    if (strike_.action == FaultAction::kHold) {
      strike_.hold->Park(call_.cluster.home(), std::move(resume));
    }
  }

  void HandleLate() {
    const std::shared_ptr<ResponseSlot> slot = slot_.lock();
    if (slot == nullptr || !slot->changed) return;
    // The handler may have somebody of its own to tell.
    const auto alive = shared_from_this();
    slot->abandoned = nullptr;
    slot->holds_up = false;
    if (!HandleAllowed(call_, row_, body_, slot)) {
      slot->Become(ResponseSlot::State::kClosing);
    } else if (slot->changed) {
      slot->changed();  // those behind it may be handled now
    }
  }

  void OnApplied() {
    switch (strike_.action) {
      case FaultAction::kDelay:
      case FaultAction::kHold:
        return Wait([this] { Answer(); });
      case FaultAction::kFail:
        return Refuse();
      case FaultAction::kDrop:
        return Become(ResponseSlot::State::kSilent);
      case FaultAction::kReset:
        return Become(ResponseSlot::State::kResetting);
      case FaultAction::kClose:
        return Become(ResponseSlot::State::kClosing);
      default:
        return;
    }
  }

  void Answer() {
    const std::shared_ptr<ResponseSlot> slot = slot_.lock();
    if (slot == nullptr || !slot->changed) return;
    slot->frame = std::move(applied_->frame);
    slot->Become(applied_->state);
  }

  void Refuse() {
    const std::shared_ptr<ResponseSlot> slot = slot_.lock();
    const std::optional<ErrorCode> error = FindError(strike_.error);
    if (slot == nullptr || !error.has_value()) return;
    row_.refuse(call_, body_, slot->flexible, *error, slot);
  }

  void Become(ResponseSlot::State state) {
    const auto alive = shared_from_this();
    if (const std::shared_ptr<ResponseSlot> slot = slot_.lock()) slot->Become(state);
  }

  const FaultStrike strike_;
  const ApiRow& row_;
  const std::string body_;
  const std::string client_id_;
  const Call call_;
  const std::weak_ptr<ResponseSlot> slot_;  // who owns us
  std::shared_ptr<ResponseSlot> applied_;   // where the handler puts the answer that is struck
  runtime::Timer timer_;
};

FaultStrike StrikeOn(core::FaultPlan& faults, const Call& call, const ApiRow& row,
                     std::string_view body, const ResponseSlot& slot) {
  const std::string operation = absl::StrCat("kafka.", row.name);
  const RequestSubjects subjects = row.SubjectsOf(call, body, slot.flexible);
  core::FaultPoint point;
  point.operation = operation;
  point.client = call.client_id;
  point.connection = call.socket == nullptr ? 0 : call.socket->id();
  point.topics = subjects.topics;
  point.groups = subjects.groups;
  return faults.Take(point);
}

}  // namespace

bool MeetFault(core::FaultPlan& faults, const Call& call, const ApiRow& row,
               std::string_view body, const std::shared_ptr<ResponseSlot>& slot) {
  FaultStrike strike = StrikeOn(faults, call, row, body, *slot);
  if (!strike) return false;
  if (strike.impairs_connection()) {
    if (call.socket != nullptr) Impair(*call.socket, strike);
    return false;
  }
  if (strike.after_apply) {
    return std::make_shared<StruckRequest>(std::move(strike), call, row, body, slot)->Apply();
  }
  switch (strike.action) {
    case FaultAction::kFail: {
      const std::optional<ErrorCode> error = FindError(strike.error);
      return error.has_value() && row.refuse(call, body, slot->flexible, *error, slot);
    }
    case FaultAction::kDrop:
      slot->Become(ResponseSlot::State::kSilent);
      return true;
    case FaultAction::kReset:
      slot->Become(ResponseSlot::State::kResetting);
      return true;
    case FaultAction::kClose:
      slot->Become(ResponseSlot::State::kClosing);
      return true;
    default:
      std::make_shared<StruckRequest>(std::move(strike), call, row, body, slot)->PutOff();
      return true;
  }
}

class OpeningFault {
 public:
  explicit OpeningFault(net::Connection& connection)
      : connection_(connection),
        timer_(connection.shard().timers(), runtime::TimerKind::kDelivery,
               "opening delayed by a fault") {}

  static void Begin(const std::shared_ptr<OpeningFault>& self, const FaultStrike& strike) {
    self->connection_.PauseReading();
    auto resume = [weak = std::weak_ptr<OpeningFault>(self)] {
      if (const auto opening = weak.lock()) opening->connection_.ResumeReading();
    };
    if (strike.action == FaultAction::kDelay) self->timer_.Arm(strike.delay, std::move(resume));
    if (strike.action == FaultAction::kHold) {
      strike.hold->Park(self->connection_.shard(), std::move(resume));
    }
  }

 private:
  net::Connection& connection_;
  runtime::Timer timer_;
};

std::shared_ptr<OpeningFault> MeetFaultsOfConnection(core::FaultPlan& faults,
                                                     net::Connection& connection) {
  core::FaultPoint point;
  point.operation = "kafka.connection";
  point.connection = connection.id();
  std::shared_ptr<OpeningFault> opening;
  for (const FaultStrike& strike : faults.TakeAll(point)) {
    if (connection.closing()) break;
    if (strike.impairs_connection()) {
      Impair(connection, strike);
    } else if (strike.action == FaultAction::kReset) {
      connection.Reset();
    } else if (strike.action == FaultAction::kClose) {
      connection.CloseAfterFlush();
    } else {
      opening = std::make_shared<OpeningFault>(connection);
      OpeningFault::Begin(opening, strike);
    }
  }
  return opening;
}

}  // namespace wherry::kafka
