// Time, waiting, faults and crashes of wherry/c.h: operations by name, with their parts in place.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "broker/embed/c/handles.h"

using wherry::Namespace;
using wherry::Status;
using wherry::StatusOr;
using wherry::embed::Report;

namespace {

StatusOr<std::string> Call(Namespace& space, const char* operation,
                           const boost::json::object& members) {
  return space.Call(operation, boost::json::serialize(members));
}

int ReportCall(Namespace& space, const char* operation, const boost::json::object& members,
               char** error) {
  return Report(Call(space, operation, members).status(), error);
}

// The answer as text.
int ReportText(const StatusOr<std::string>& answer, char** text, char** error) {
  if (text != nullptr) *text = nullptr;
  if (answer.ok()) wherry::embed::GiveText(*answer, text);
  return Report(answer.status(), error);
}

// The number that an answer has under `name`.
std::int64_t Number(const std::string& answer, const char* name) {
  return boost::json::parse(answer).at(name).to_number<std::int64_t>();
}

}  // namespace

int wherry_clock_now_ms(wherry_broker* broker, std::int64_t* now_ms, char** error) {
  const auto answer = Call(broker->broker.default_namespace(), "clock.now", {});
  if (answer.ok() && now_ms != nullptr) *now_ms = Number(*answer, "now_ms");
  return Report(answer.status(), error);
}

int wherry_clock_advance_ms(wherry_broker* broker, std::int64_t by_ms, int liveness, char** fired,
                            char** error) {
  return ReportText(Call(broker->broker.default_namespace(), "clock.advance",
                         {{"by_ms", by_ms}, {"liveness", liveness != 0}}),
                    fired, error);
}

int wherry_clock_advance_to_next(wherry_broker* broker, int liveness, char** fired, char** error) {
  return ReportText(Call(broker->broker.default_namespace(), "clock.advance_to_next",
                         {{"liveness", liveness != 0}}),
                    fired, error);
}

int wherry_await(wherry_namespace* space, const char* condition, std::int64_t limit_ms,
                 char** error) {
  return ReportCall(space->space, "await", {{"condition", condition}, {"limit_ms", limit_ms}},
                    error);
}

int wherry_await_idle(wherry_namespace* space, std::int64_t limit_ms, char** error) {
  return ReportCall(space->space, "await.idle", {{"limit_ms", limit_ms}}, error);
}

int wherry_fault_add(wherry_namespace* space, const char* json, std::size_t json_size,
                     std::uint64_t* id, char** error) {
  const auto answer = space->space.Call("faults.add", wherry::embed::Bytes(json, json_size));
  if (answer.ok() && id != nullptr) *id = static_cast<std::uint64_t>(Number(*answer, "id"));
  return Report(answer.status(), error);
}

int wherry_fault_remove(wherry_namespace* space, std::uint64_t id, char** error) {
  return ReportCall(space->space, "faults.remove", {{"id", id}}, error);
}

int wherry_faults_clear(wherry_namespace* space, char** error) {
  return ReportCall(space->space, "faults.clear", {}, error);
}

int wherry_hold_new(wherry_namespace* space, const char* json, std::size_t json_size,
                    wherry_hold** hold, char** error) {
  *hold = nullptr;
  const auto answer = space->space.Call("hold", wherry::embed::Bytes(json, json_size));
  if (answer.ok()) *hold = new wherry_hold{space->space, Number(*answer, "hold")};
  return Report(answer.status(), error);
}

int wherry_hold_wait(wherry_hold* hold, int count, std::int64_t limit_ms, char** error) {
  return ReportCall(hold->space, "hold.wait",
                    {{"hold", hold->number}, {"count", count}, {"limit_ms", limit_ms}}, error);
}

void wherry_hold_free(wherry_hold* hold) {
  if (hold == nullptr) return;
  // A hold that its namespace's reset has ended is not there any more.
  static_cast<void>(Call(hold->space, "hold.release", {{"hold", hold->number}}));
  delete hold;
}

int wherry_crash(wherry_broker* broker, const char* kind, char** error) {
  return ReportCall(broker->broker.default_namespace(), "broker.crash",
                    {{"kind", kind == nullptr ? "lose_unsynced" : kind}}, error);
}

int wherry_restart(wherry_broker* broker, char** error) {
  return ReportCall(broker->broker.default_namespace(), "broker.restart", {}, error);
}
