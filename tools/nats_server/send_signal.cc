#include "tools/nats_server/send_signal.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "tools/nats_server/files.h"
#include "tools/nats_server/subjects.h"
#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProgram = "nats-server";

constexpr std::pair<std::string_view, int> kSignals[] = {{"stop", SIGKILL},  {"quit", SIGINT},
                                                         {"term", SIGTERM},  {"reopen", SIGUSR1},
                                                         {"reload", SIGHUP}, {"ldm", SIGUSR2}};

std::optional<int> SignalOf(std::string_view command) {
  for (const auto& [name, number] : kSignals)
    if (name == command) return number;
  return std::nullopt;
}

Status Failed(std::string why) { return Status(StatusCode::kInvalidArgument, std::move(why)); }

// A process id, a part of one with a star behind it, or a file with one of these.
std::string ReadTarget(const std::string& text) {
  std::string target = text;
  if (StatusOr<std::string> content = ReadWholeFile(text); content.ok()) target = *content;
  while (!target.empty() && (target.back() == '\n' || target.back() == '\r')) target.pop_back();
  return target;
}

}  // namespace

StatusOr<std::vector<pid_t>> RunningServers() {
  std::vector<pid_t> servers;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    std::int64_t pid = 0;
    if (!ParseInteger(entry->path().filename().string(), pid) || pid == getpid()) continue;
    const StatusOr<std::string> name = ReadWholeFile((entry->path() / "comm").string());
    if (name.ok() && name->find(kProgram) != std::string::npos)
      servers.push_back(static_cast<pid_t>(pid));
  }
  if (error) return Failed("unable to resolve pid, try providing one");
  std::sort(servers.begin(), servers.end());
  return servers;
}

Status SendSignal(const std::string& request) {
  const std::size_t equals = request.find('=');
  const std::string command = request.substr(0, equals);
  std::string target;
  if (equals != std::string::npos) {
    const std::string text = request.substr(equals + 1);
    if (const std::size_t more = text.find('='); more != std::string::npos)
      return Failed("invalid signal parameters: [" + text.substr(more + 1) + "]");
    target = ReadTarget(text);
  }
  const bool several = target.ends_with('*');
  if (several) target.pop_back();
  std::int64_t pid = 0;
  if (!target.empty() && !ParseInteger(target, pid)) return Failed("invalid pid: " + target);

  std::vector<pid_t> servers{static_cast<pid_t>(pid)};
  if (target.empty() || several) {
    StatusOr<std::vector<pid_t>> running = RunningServers();
    if (!running.ok()) return running.status();
    servers = *std::move(running);
  }
  if (servers.size() > 1 && !several) {
    std::string list;
    for (const pid_t server : servers) list += "\n" + std::to_string(server);
    return Failed("multiple " + std::string(kProgram) + " processes running:" + list);
  }
  if (servers.empty()) return Failed("no " + std::string(kProgram) + " processes running");
  const std::optional<int> number = SignalOf(command);
  if (!number.has_value()) return Failed("unknown signal " + Quoted(command));
  std::string errors;
  for (const pid_t server : servers) {
    const std::string id = std::to_string(server);
    if (several && !id.starts_with(target)) continue;
    if (kill(server, *number) != 0)
      errors += "\nsignal " + Quoted(command) + " " + id + ": " + SystemError(errno);
  }
  return errors.empty() ? Status() : Failed(errors);
}

}  // namespace wherry::nats_server
