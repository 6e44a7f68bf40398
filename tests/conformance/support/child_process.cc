#include "tests/conformance/support/child_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/support/environment.h"

namespace wherry::conformance {
namespace {

// The number under which a child finds its ready pipe.
constexpr int kReadyFdInChild = 3;

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  // The first entry of a name wins, so the additions come first.
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

std::string ContentOf(int fd) {
  std::string content;
  std::array<char, 64 * 1024> buffer;
  ssize_t got = 0;
  while ((got = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(content.size()))) >
         0) {
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return content;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments,
                           const std::vector<std::string>& environment) {
  std::array<int, 2> input{-1, -1};
  std::array<int, 2> ready{-1, -1};
  if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(ready.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipes: " << std::strerror(errno);
    return;
  }
  output_file_ = ::memfd_create("output", MFD_CLOEXEC);
  error_file_ = ::memfd_create("errors", MFD_CLOEXEC);
  bool wants_ready = false;
  for (std::string& argument : arguments) {
    if (argument != kReadyFd) continue;
    argument = std::to_string(kReadyFdInChild);
    wants_ready = true;
  }

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output_file_, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error_file_, STDERR_FILENO);
  if (wants_ready) posix_spawn_file_actions_adddup2(&actions, ready[1], kReadyFdInChild);
  std::vector<std::string> variables = EnvironmentWith(environment);
  const int error = ::posix_spawnp(&pid_, arguments.at(0).c_str(), &actions, nullptr,
                                   Pointers(arguments).data(), Pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);

  ::close(input[0]);
  ::close(ready[1]);
  input_ = input[1];
  ready_ = ready[0];
  if (error != 0) {
    pid_ = -1;
    exit_ = Exit{};
    ADD_FAILURE() << "cannot run " << arguments[0] << ": " << std::strerror(error);
    return;
  }
  // glibc 2.36 declares pidfd_open without C linkage.
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

ChildProcess::~ChildProcess() {
  Kill();
  for (const int fd : {pid_fd_, input_, ready_, output_file_, error_file_}) {
    if (fd >= 0) ::close(fd);
  }
}

void ChildProcess::Signal(int signal) {
  if (pid_ > 0 && !exit_.has_value()) ::kill(pid_, signal);
}

void ChildProcess::Kill() {
  Signal(SIGKILL);
  AwaitExit();
}

std::optional<Exit> ChildProcess::AwaitExit(std::chrono::milliseconds patience) {
  if (exit_.has_value()) return exit_;
  const Deadline deadline(patience);
  pollfd ended{.fd = pid_fd_, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&ended, 1, deadline.Left());
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return std::nullopt;
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  exit_ = WIFSIGNALED(status) ? Exit{.status = -1, .signal = WTERMSIG(status)}
                              : Exit{.status = WEXITSTATUS(status), .signal = 0};
  return exit_;
}

std::string ChildProcess::AwaitReady(std::chrono::milliseconds patience) {
  const Deadline deadline(patience);
  std::string text;
  std::array<char, 4096> buffer;
  while (text.find('\n') == std::string::npos) {
    pollfd readable{.fd = ready_, .events = POLLIN, .revents = 0};
    const int events = ::poll(&readable, 1, deadline.Left());
    if (events < 0 && errno == EINTR) continue;
    if (events <= 0) break;
    const ssize_t got = ::read(ready_, buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string ChildProcess::Output() { return ContentOf(output_file_); }

std::string ChildProcess::Errors() { return ContentOf(error_file_); }

void ChildProcess::CloseInput() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

std::string OutputOf(std::vector<std::string> arguments, std::chrono::milliseconds patience) {
  const std::string name = arguments.at(0);
  ChildProcess process(std::move(arguments));
  process.CloseInput();
  const std::optional<Exit> exit = process.AwaitExit(patience);
  EXPECT_TRUE(exit.has_value()) << name << " did not end in time";
  EXPECT_TRUE(exit.has_value() && exit->status == 0) << name << ": " << process.Errors();
  return process.Output();
}

bool HasProgram(std::string_view name) {
  std::istringstream folders(Environment("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path program = std::filesystem::path(folder) / name;
    if (::access(program.c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace wherry::conformance
