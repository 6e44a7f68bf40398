// Operations of wherry::Clock.
#include <boost/json/array.hpp>

#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"
#include "broker/embed/engine.h"
#include "broker/embed/refusals.h"

namespace wherry::embed::control {

namespace {

boost::json::array ToJson(const std::vector<TimerInfo>& timers) {
  boost::json::array list;
  for (const TimerInfo& timer : timers) {
    list.push_back({{"kind", JsonText(TimerKindName(timer.kind))},
                    {"label", JsonText(timer.label)},
                    {"in_ms", static_cast<double>(timer.in.count()) / 1e6}});
  }
  return list;
}

Answer Fired(const StatusOr<std::vector<TimerInfo>>& fired) {
  if (!fired.ok()) return fired.status();
  return boost::json::object{{"fired", ToJson(*fired)}};
}

Answer Now(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  Engine* const engine = Engine::Running(scope.state);
  if (engine == nullptr) return Stopped();
  const auto now = engine->clock().Now().time_since_epoch();
  return boost::json::object{
      {"now_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()}};
}

Answer Advance(const Scope& scope, Arguments& in) {
  const std::chrono::nanoseconds by = in.Duration("by_ms");
  AdvanceOptions options;
  options.liveness = in.Flag("liveness", false);
  if (Status status = in.Check(); !status.ok()) return status;
  Engine* const engine = Engine::Running(scope.state);
  return engine == nullptr ? Answer(Stopped()) : Fired(engine->clock().Advance(by, options));
}

Answer AdvanceToNext(const Scope& scope, Arguments& in) {
  AdvanceOptions options;
  options.liveness = in.Flag("liveness", false);
  if (Status status = in.Check(); !status.ok()) return status;
  Engine* const engine = Engine::Running(scope.state);
  return engine == nullptr ? Answer(Stopped()) : Fired(engine->clock().AdvanceToNext(options));
}

Answer Pending(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  Engine* const engine = Engine::Running(scope.state);
  if (engine == nullptr) return Stopped();
  return boost::json::object{{"pending", ToJson(engine->clock().Pending())}};
}

constexpr Operation kOperations[] = {
    {"clock.now", "{} -> {now_ms}", Now},
    {"clock.advance", "{by_ms, liveness? = false} -> {fired: [{kind, label, in_ms}]}", Advance},
    {"clock.advance_to_next", "{liveness? = false} -> {fired: [{kind, label, in_ms}]}",
     AdvanceToNext},
    {"clock.pending", "{} -> {pending: [{kind, label, in_ms}]}", Pending},
};

}  // namespace

std::span<const Operation> ClockOperations() { return kOperations; }

}  // namespace wherry::embed::control
