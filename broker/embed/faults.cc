#include "wherry/faults.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/fault_check.h"
#include "broker/embed/faults_state.h"
#include "broker/embed/refusals.h"

namespace wherry {

namespace {

static_assert(static_cast<int>(FaultAction::kHold) == static_cast<int>(core::FaultAction::kHold));

core::FaultRule RuleOf(const Fault& fault) {
  core::FaultRule rule;
  rule.operation = fault.operation;
  rule.topic = fault.topic;
  rule.group = fault.group;
  rule.subject = fault.subject;
  rule.client = fault.client;
  rule.connection = fault.connection;
  rule.skip = static_cast<std::uint64_t>(fault.skip);
  rule.times = static_cast<std::uint64_t>(fault.times);
  rule.probability = fault.probability;
  rule.seed = fault.seed;
  rule.strike.action = static_cast<core::FaultAction>(fault.action);
  rule.strike.after_apply = fault.after_apply;
  rule.strike.error = fault.error;
  rule.strike.delay = fault.delay;
  rule.strike.bytes = fault.bytes;
  rule.text = fault.ToString();
  return rule;
}

std::string ActionText(const Fault& fault) {
  switch (fault.action) {
    case FaultAction::kNone:
      return "";
    case FaultAction::kFail:
      return absl::StrCat(" fail=", fault.error);
    case FaultAction::kDelay:
      return absl::StrCat(" delay=", fault.delay.count(), "ns");
    case FaultAction::kHang:
      return " hang";
    case FaultAction::kDrop:
      return " drop";
    case FaultAction::kReset:
      return " reset";
    case FaultAction::kClose:
      return " close";
    case FaultAction::kSlice:
      return absl::StrCat(" slice=", fault.bytes);
    case FaultAction::kBandwidth:
      return absl::StrCat(" bandwidth=", fault.bytes);
    case FaultAction::kCloseAfter:
      return absl::StrCat(" close_after=", fault.bytes);
    case FaultAction::kHold:
      return " hold";
  }
  return "";
}

}  // namespace

std::string Fault::ToString() const {
  std::string text = operation;
  const auto add = [&text](const char* name, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, " ", name, "=", value);
  };
  const auto add_number = [&text](const char* name, auto value) {
    if (value != 0) absl::StrAppend(&text, " ", name, "=", value);
  };
  add("topic", topic);
  add("group", group);
  add("subject", subject);
  add("client", client);
  add_number("connection", connection);
  add_number("skip", skip);
  add_number("times", times);
  if (probability != 1) absl::StrAppend(&text, " probability=", probability, " seed=", seed);
  if (after_apply) text += " after_apply";
  return text + ActionText(*this);
}

// The point, and the rule that leads operations to it.
struct Hold::State {
  std::shared_ptr<core::HoldPoint> point;
  std::weak_ptr<core::FaultPlan> plan;
  FaultId rule = 0;

  void Release() {
    if (const auto there = plan.lock()) there->Remove(rule);
    point->Release();
  }
};

Hold::Hold(std::shared_ptr<State> state) : state_(std::move(state)) {}
Hold::Hold(Hold&&) noexcept = default;
Hold& Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    Release();
    state_ = std::move(other.state_);
  }
  return *this;
}
Hold::~Hold() { Release(); }

Status Hold::Wait(std::chrono::milliseconds limit, int count) {
  if (state_->point->Wait(limit, count)) return {};
  if (state_->point->closed()) return embed::Stopped();
  return {StatusCode::kDeadlineExceeded,
          absl::StrCat(state_->point->arrived(), " of ", count, " operations arrived within ",
                       limit.count(), " ms")};
}

void Hold::Release() {
  if (state_ != nullptr) state_->Release();
}

Faults::Faults(std::shared_ptr<State> state) : state_(std::move(state)) {}

StatusOr<FaultId> Faults::Add(const Fault& fault) {
  if (fault.action == FaultAction::kHold) {
    return Status(StatusCode::kInvalidArgument, "call Hold, which gives what releases it");
  }
  if (Status status = embed::CheckFault(fault); !status.ok()) return status;
  return state_->plan->Add(RuleOf(fault));
}

Status Faults::Remove(FaultId id) {
  if (state_->plan->Remove(id)) return {};
  return {StatusCode::kNotFound, absl::StrCat("there is no fault with the id ", id)};
}

void Faults::Clear() { state_->plan->Clear(); }

std::vector<FaultInfo> Faults::List() const {
  std::vector<FaultInfo> infos;
  for (core::FaultPlan::Listed& listed : state_->plan->List()) {
    infos.push_back({listed.id, std::move(listed.text), listed.matched, listed.fired});
  }
  return infos;
}

Status Faults::Storage(const StorageFault& fault) {
  switch (fault.kind) {
    case StorageFault::Kind::kNone:
      state_->storage->FailCommits(0, absl::OkStatus());
      state_->storage->Slow(runtime::Duration::zero());
      return {};
    case StorageFault::Kind::kDiskFull:
      if (fault.count == 0) {
        return {StatusCode::kInvalidArgument,
                "a disk that is full for 0 commits is not full; leave the count out for all"};
      }
      state_->storage->FailCommits(
          fault.count, absl::ResourceExhaustedError("no space left on the disk (a test's fault)"));
      return {};
    case StorageFault::Kind::kSlow:
      if (fault.each <= std::chrono::nanoseconds::zero()) {
        return {StatusCode::kInvalidArgument, "a slow disk takes more than 0 for each commit"};
      }
      state_->storage->Slow(fault.each);
      return {};
  }
  return {StatusCode::kInvalidArgument, "there is no such fault of the disk"};
}

StatusOr<Hold> Faults::Hold(const Fault& point) {
  if (point.action != FaultAction::kNone) {
    return Status(StatusCode::kInvalidArgument,
                  absl::StrCat("\"", point.ToString(),
                               "\" says what happens; a point where operations wait does not"));
  }
  Fault fault = point;
  fault.action = FaultAction::kHold;
  if (Status status = embed::CheckFault(fault); !status.ok()) return status;
  auto state = std::make_shared<wherry::Hold::State>();
  state->point = std::make_shared<core::HoldPoint>();
  state->plan = state_->plan;
  core::FaultRule rule = RuleOf(fault);
  rule.strike.hold = state->point;
  state->rule = state_->plan->Add(std::move(rule));
  return wherry::Hold(std::move(state));
}

}  // namespace wherry
