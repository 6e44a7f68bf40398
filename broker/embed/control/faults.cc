// Operations of wherry::Faults and wherry::Hold, and the end of a broker as by a crash.
#include <boost/json/array.hpp>

#include "absl/strings/str_cat.h"
#include "broker/embed/control/control.h"
#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"
#include "broker/embed/engine.h"
#include "broker/embed/refusals.h"
#include "wherry/faults.h"

namespace wherry::embed::control {

namespace {

constexpr std::chrono::milliseconds kLimit = std::chrono::seconds(5);

std::int64_t Count(Arguments& in, std::string_view name, std::int64_t fallback) {
  const std::int64_t count = in.Integer(name, fallback);
  if (count < 0) in.Complain(absl::StrCat("\"", std::string(name), "\" cannot be ", count));
  return count;
}

// Which and when; what is the caller's.
Fault Point(Arguments& in) {
  Fault fault = Fault::On(in.Text("on"));
  fault.topic = in.Text("topic", "");
  fault.group = in.Text("group", "");
  fault.subject = in.Text("subject", "");
  fault.client = in.Text("client", "");
  fault.connection = static_cast<std::uint64_t>(Count(in, "connection", 0));
  fault.skip = Count(in, "skip", 0);
  fault.times = Count(in, "times", 0);
  fault.probability = in.Number("probability", 1);
  fault.seed = static_cast<std::uint64_t>(in.Integer("seed", 0));
  fault.after_apply = in.Flag("after_apply", false);
  return fault;
}

Answer Add(const Scope& scope, Arguments& in) {
  Fault fault = Point(in);
  if (in.Has("fail")) fault.Fail(in.Text("fail"));
  if (in.Has("delay_ms")) fault.Delay(in.Duration("delay_ms"));
  if (in.Flag("hang", false)) fault.Hang();
  if (in.Flag("drop", false)) fault.Drop();
  if (in.Flag("reset", false)) fault.Reset();
  if (in.Flag("close", false)) fault.Close();
  if (in.Has("slice")) fault.Slice(static_cast<std::uint64_t>(Count(in, "slice", 0)));
  if (in.Has("bandwidth")) fault.Bandwidth(static_cast<std::uint64_t>(Count(in, "bandwidth", 0)));
  if (in.Has("close_after")) {
    fault.CloseAfter(static_cast<std::uint64_t>(Count(in, "close_after", 0)));
  }
  if (Status status = in.Check(); !status.ok()) return status;
  const auto id = scope.space.faults().Add(fault);
  if (!id.ok()) return id.status();
  return boost::json::object{{"id", *id}};
}

Answer Remove(const Scope& scope, Arguments& in) {
  const std::int64_t id = in.Integer("id");
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.faults().Remove(static_cast<FaultId>(id)));
}

Answer Clear(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  scope.space.faults().Clear();
  return boost::json::object();
}

Answer List(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  boost::json::array list;
  for (const FaultInfo& fault : scope.space.faults().List()) {
    list.push_back({{"id", fault.id},
                    {"text", JsonText(fault.text)},
                    {"matched", fault.matched},
                    {"fired", fault.fired}});
  }
  return boost::json::object{{"faults", std::move(list)}};
}

Answer Storage(const Scope& scope, Arguments& in) {
  const std::string kind = in.Text("kind");
  StorageFault fault;
  if (kind == "disk_full") {
    fault = StorageFault::DiskFull(static_cast<int>(in.Integer("commits", -1)));
  } else if (kind == "slow") {
    fault = StorageFault::Slow(in.Duration("each_ms"));
  } else if (kind != "none") {
    in.Complain(absl::StrCat("\"kind\" is none, disk_full or slow, not \"", kind, "\""));
  }
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.space.faults().Storage(fault));
}

Answer Hold(const Scope& scope, Arguments& in) {
  const Fault point = Point(in);
  if (Status status = in.Check(); !status.ok()) return status;
  auto hold = scope.space.faults().Hold(point);
  if (!hold.ok()) return hold.status();
  return boost::json::object{
      {"hold", scope.control.holds().Keep(scope.state, std::move(hold).value())}};
}

Answer HoldWait(const Scope& scope, Arguments& in) {
  const std::int64_t number = in.Integer("hold");
  const std::int64_t count = Count(in, "count", 1);
  const std::chrono::milliseconds limit = in.Patience("limit_ms", kLimit);
  if (Status status = in.Check(); !status.ok()) return status;
  return scope.control.holds().With(number, [&](wherry::Hold& hold) {
    return Done(hold.Wait(limit, static_cast<int>(count)));
  });
}

Answer HoldRelease(const Scope& scope, Arguments& in) {
  const std::int64_t number = in.Integer("hold");
  if (Status status = in.Check(); !status.ok()) return status;
  return Done(scope.control.holds().Drop(number));
}

Answer Crash(const Scope& scope, Arguments& in) {
  const std::string kind = in.Text("kind", "lose_unsynced");
  if (kind != "lose_unsynced" && kind != "keep_written") {
    in.Complain(absl::StrCat("\"kind\" is lose_unsynced or keep_written, not \"", kind, "\""));
  }
  if (Status status = in.Check(); !status.ok()) return status;
  Engine* const engine = Engine::Running(scope.state);
  if (engine == nullptr) return Stopped();
  return Done(engine->Crash(kind == "keep_written" ? CrashKind::kKeepWritten
                                                   : CrashKind::kLoseUnsynced));
}

Answer Restart(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  Engine* const engine = Engine::Running(scope.state);
  return engine == nullptr ? Answer(Stopped()) : Done(engine->Restart());
}

constexpr Operation kOperations[] = {
    {"faults.add",
     "{on, topic?, group?, subject?, client?, connection?, skip?, times?, probability?, seed?, "
     "after_apply?, and one of fail: error, delay_ms, hang: true, drop: true, reset: true, close: "
     "true, slice: bytes, bandwidth: bytes per second, close_after: bytes} -> {id}",
     Add},
    {"faults.remove", "{id} -> {}", Remove},
    {"faults.clear", "{} -> {}", Clear},
    {"faults.list", "{} -> {faults: [{id, text, matched, fired}]}", List},
    {"faults.storage", "{kind: none, disk_full or slow, commits?, each_ms?} -> {}", Storage},
    {"hold", "{as faults.add, without what} -> {hold}", Hold},
    {"hold.wait", "{hold, count? = 1, limit_ms? = 5000} -> {}", HoldWait},
    {"hold.release", "{hold} -> {}", HoldRelease},
    {"broker.crash", "{kind? = lose_unsynced, or keep_written} -> {}", Crash},
    {"broker.restart", "{} -> {}", Restart},
};

}  // namespace

std::span<const Operation> FaultOperations() { return kOperations; }

}  // namespace wherry::embed::control
