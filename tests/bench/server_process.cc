#include "tests/bench/server_process.h"

#include <csignal>
#include <ctime>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/process_meter.h"

extern char** environ;

namespace wherry::bench {

namespace {

constexpr double kPatienceSeconds = 10;
constexpr long kRetryNanoseconds = 50'000;
constexpr std::size_t kReadBytes = 4096;

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

}  // namespace

absl::StatusOr<ServerProcess> ServerProcess::Start(const std::vector<std::string>& command) {
  const Address address{"127.0.0.1", FreePort()};
  const double start = Now();
  const pid_t pid = Spawn(command, address.port);
  if (pid < 0) return absl::NotFoundError(absl::StrCat("cannot execute ", command[0]));
  ServerProcess server(address, pid);
  while (Now() - start < kPatienceSeconds) {
    // Opening includes INFO, CONNECT, PING and PONG.
    if (Connection::Open(address, Wire::kNats, kReadBytes).ok()) return server;
    if (waitpid(pid, nullptr, WNOHANG) != 0) {
      server.pid_ = -1;
      return absl::UnavailableError(absl::StrCat(command[0], " ended at once"));
    }
    const timespec pause{0, kRetryNanoseconds};
    nanosleep(&pause, nullptr);
  }
  return absl::DeadlineExceededError("the server never answered a PING");
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : nats_(std::move(other.nats_)), pid_(std::exchange(other.pid_, -1)) {}

void ServerProcess::Stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGINT);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace wherry::bench
