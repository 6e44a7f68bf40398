// How long it takes until a broker can be used: embedded, from Broker::Start to the first delivery
// on raw sockets; as a process, from exec to the first PONG. Prints one JSON line.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/connection.h"
#include "tests/bench/json_line.h"
#include "tests/bench/process_meter.h"
#include "tests/bench/send_stream.h"
#include "tests/bench/stamp.h"
#include "wherry/broker.h"

extern char** environ;

namespace wherry::bench {
namespace {

constexpr double kPatienceSeconds = 10;
constexpr long kRetryNanoseconds = 50'000;
constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kPayload = 16;
constexpr char kSubject[] = "startup";

struct Started {
  double seconds = 0;  // until the first delivery or PONG
  double stop_seconds = 0;
  std::int64_t idle_kib = 0;
};

// Takes the one message that a fresh broker delivers.
class FirstMessage : public MessageHandler {
 public:
  bool OnMessage(int, const MessageHead& head, std::string_view payload) override {
    Stamp stamp;
    right =
        !arrived && head.subject == kSubject && ReadPayload(payload, stamp) && stamp.sequence == 0;
    arrived = true;
    return right;
  }
  bool OnPong(int) override { return false; }
  bool arrived = false;
  bool right = false;
};

absl::StatusOr<Started> StartEmbedded() {
  const double start = Now();
  StatusOr<Broker> broker = Broker::Start({});
  if (!broker.ok()) return absl::InternalError(broker.status().ToString());
  const absl::StatusOr<Address> address = Address::Parse(broker->Url("nats"));
  if (!address.ok()) return address.status();
  auto subscriber = Connection::Open(*address, Wire::kNats, kReadBytes);
  if (!subscriber.ok()) return subscriber.status();
  auto publisher = Connection::Open(*address, Wire::kNats, kReadBytes);
  if (!publisher.ok()) return publisher.status();
  absl::Status status = (*subscriber)->SendAndFence(absl::StrCat("SUB ", kSubject, " 1\r\n"));
  SendStream stream(Wire::kNats, {kSubject}, 0, kPayload);
  if (status.ok()) status = (*publisher)->Send(stream.Next(0, 1));
  FirstMessage first;
  while (status.ok() && !first.arrived) {
    const absl::StatusOr<std::size_t> got = (*subscriber)->Read(0, first);
    status = got.status();
    if (got.ok() && *got == 0) status = absl::DeadlineExceededError("nothing was delivered");
  }
  if (!status.ok()) return status;
  Started started;
  started.seconds = Now() - start;
  const double stop = Now();
  if (Status stopped = broker->Stop(); !stopped.ok())
    return absl::InternalError(stopped.ToString());
  started.stop_seconds = Now() - stop;
  return started;
}

// A port that was free a moment ago.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  const bool good = bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
                    getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0;
  close(fd);
  return good ? ntohs(name.sin_port) : 0;
}

// Starts a command with its output thrown away, {port} replaced in its words.
pid_t Spawn(const std::vector<std::string>& command, int port) {
  std::vector<std::string> words = command;
  for (std::string& word : words) {
    for (std::size_t at; (at = word.find("{port}")) != std::string::npos;) {
      word.replace(at, 6, std::to_string(port));
    }
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

absl::StatusOr<Started> StartProcess(const std::vector<std::string>& command) {
  const Address address{"127.0.0.1", FreePort()};
  Started started;
  const double start = Now();
  const pid_t pid = Spawn(command, address.port);
  if (pid < 0) return absl::NotFoundError(absl::StrCat("cannot execute ", command[0]));
  absl::Status status = absl::DeadlineExceededError("the server never answered a PING");
  while (Now() - start < kPatienceSeconds) {
    // Opening includes INFO, CONNECT, PING and PONG.
    if (auto connection = Connection::Open(address, Wire::kNats, kReadBytes); connection.ok()) {
      started.seconds = Now() - start;
      status = absl::OkStatus();
      break;
    }
    if (waitpid(pid, nullptr, WNOHANG) != 0) {
      return absl::UnavailableError(absl::StrCat(command[0], " ended at once"));
    }
    const timespec pause{0, kRetryNanoseconds};
    nanosleep(&pause, nullptr);
  }
  started.idle_kib = ResidentKib(pid);
  const double stop = Now();
  kill(pid, SIGINT);
  waitpid(pid, nullptr, 0);
  started.stop_seconds = Now() - stop;
  if (!status.ok()) return status;
  return started;
}

// Every sample, so that tools/bench can join several runs.
std::string Milliseconds(const std::vector<double>& seconds) {
  std::string text;
  for (const double value : seconds) absl::StrAppend(&text, text.empty() ? "" : " ", value * 1e3);
  return text;
}

int Main(int argc, char** argv) {
  CLI::App app("Measures how long a broker takes until it can be used.");
  int rounds = 50;
  std::vector<std::string> command;
  app.add_option("--rounds", rounds, "how often")->check(CLI::PositiveNumber);
  app.add_option("command", command,
                 "a server's command line with {port} for its NATS port; none: an embedded broker");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  FillPattern();  // built before anything is measured
  std::vector<double> starts, stops, memory;
  JsonLine line;
  line.Add("case", command.empty() ? "embedded" : "process").Add("rounds", std::int64_t{rounds});
  for (int i = 0; i < rounds; ++i) {
    const absl::StatusOr<Started> started =
        command.empty() ? StartEmbedded() : StartProcess(command);
    if (!started.ok()) {
      const std::string why(started.status().message());
      std::fprintf(stderr, "FAILED: %s\n", why.c_str());
      line.Add("failed", why).Print();
      return 1;
    }
    starts.push_back(started->seconds);
    stops.push_back(started->stop_seconds);
    memory.push_back(static_cast<double>(started->idle_kib));
  }
  line.Add("p50_ms", Percentile(starts, 50) * 1e3)
      .Add("p99_ms", Percentile(starts, 99) * 1e3)
      .Add("stop_p50_ms", Percentile(stops, 50) * 1e3)
      .Add("stop_p99_ms", Percentile(stops, 99) * 1e3)
      .Add("idle_kib", Percentile(memory, 50))
      .Add("start_ms", Milliseconds(starts))
      .Add("stop_ms", Milliseconds(stops))
      .Print();
  return 0;
}

}  // namespace
}  // namespace wherry::bench

int main(int argc, char** argv) { return wherry::bench::Main(argc, argv); }
