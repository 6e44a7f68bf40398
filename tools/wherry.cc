// The wherry server: reads the command line, starts a Broker, waits for a signal, stops it.
#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "tools/command.h"
#include "tools/nats_server/run.h"
#include "tools/ports.h"
#include "tools/process.h"
#include "tools/server_options.h"
#include "wherry/broker.h"

namespace wherry::server {
namespace {

int Fail(const Status& status) {
  std::fprintf(stderr, "wherry: %s\n", status.message().c_str());
  return kExitUsage;
}

// Waits for a signal; a second one, while the broker stops, ends the process at once.
int WaitForEnd(const sigset_t& signals) {
  const int received = AwaitSignal(signals);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return received;
}

void WriteLogLine(LogLevel level, std::string_view line) {
  constexpr std::array<const char*, 5> kNames = {"error", "warning", "info", "debug", "trace"};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = milliseconds / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::fprintf(stderr, "%s.%03dZ %s %.*s\n", time.data(), static_cast<int>(milliseconds % 1000),
               kNames[static_cast<std::size_t>(level)], static_cast<int>(line.size()), line.data());
}

// Tells those who asked where the broker listens: standard output, the ports file, the descriptor.
Status Announce(const Broker& broker, std::optional<PortsFile>& ports_file, int ready_fd) {
  const std::string json = PortsJson(broker.Urls());
  if (ports_file.has_value()) {
    Status published = ports_file->Publish(json);
    if (!published.ok()) return published;
  }
  for (const std::string& url : broker.Urls()) std::printf("%s\n", url.c_str());
  std::fflush(stdout);
  return ready_fd < 0 ? Status() : TellReady(ready_fd, json);
}

int Run(ServerOptions options) {
  std::optional<PortsFile> ports_file;
  if (!options.ports_file.empty()) {
    StatusOr<PortsFile> prepared = PortsFile::Prepare(options.ports_file);
    if (!prepared.ok()) return Fail(prepared.status());
    ports_file.emplace(std::move(prepared).value());
  }
  if (options.ready_fd >= 0 && fcntl(options.ready_fd, F_GETFD) < 0)
    return Fail(Status(StatusCode::kInvalidArgument,
                       "--ready-fd " + std::to_string(options.ready_fd) +
                           " is not open; the starting process must pass it on"));
  RaiseDescriptorLimit();
  KeepFreeMemory();
  // Before there is any other thread, which would take them.
  const sigset_t end_signals = options.command.empty()
                                   ? BlockSignals({SIGINT, SIGTERM})
                                   : BlockSignals({SIGINT, SIGTERM, SIGCHLD});
  signal(SIGPIPE, SIG_IGN);  // a closed standard output must not end the server

  options.broker.log = [least = options.log_level](LogLevel level, std::string_view line) {
    if (level <= least) WriteLogLine(level, line);
  };
  StatusOr<Broker> broker = Broker::Start(options.broker);
  if (!broker.ok()) return Fail(broker.status());
  if (!options.command.empty()) return RunCommand(options.command, *broker, end_signals);
  const Status announced = Announce(*broker, ports_file, options.ready_fd);
  if (!announced.ok()) return Fail(announced);

  if (options.exit_with_parent) EndWithInput();
  WaitForEnd(end_signals);
  const Status stopped = broker->Stop();
  return stopped.ok() ? 0 : Fail(stopped);
}

}  // namespace
}  // namespace wherry::server

int main(int argc, char** argv) {
  // Under nats-server's name, its command line: see tools/nats_server/run.h.
  const std::string name = argc > 0 ? argv[0] : "";
  if (wherry::nats_server::IsOurName(name))
    return wherry::nats_server::Run(name, {argv + 1, argv + argc});
  wherry::server::CommandLine command_line = wherry::server::ReadCommandLine(argc, argv);
  if (command_line.exit_status.has_value()) {
    FILE* out = *command_line.exit_status == 0 ? stdout : stderr;
    std::fprintf(out, "%s%s", command_line.message.c_str(), out == stderr ? "\n" : "");
    return *command_line.exit_status;
  }
  return wherry::server::Run(std::move(command_line.options));
}
