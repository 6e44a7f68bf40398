#include "tests/unit/tools/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace wherry::server {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(30);
constexpr int kReadyDescriptor = 3;

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void Redirect(const std::string& path, int descriptor) {
  dup2(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), descriptor);
}

[[noreturn]] void RunChild(const std::string& folder, int input, int ready,
                           std::vector<char*> arguments) {
  if (chdir(folder.c_str()) != 0) _exit(126);
  dup2(input, STDIN_FILENO);
  Redirect("output", STDOUT_FILENO);
  Redirect("errors", STDERR_FILENO);
  if (ready != kReadyDescriptor) dup2(ready, kReadyDescriptor);
  fcntl(kReadyDescriptor, F_SETFD, 0);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

std::string MakeFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "wherry-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

ServerProcess::ServerProcess(std::vector<std::string> arguments)
    : ServerProcess(WHERRY_SERVER, std::move(arguments)) {}

ServerProcess::ServerProcess(const std::string& program, std::vector<std::string> arguments)
    : folder_(MakeFolder()) {
  arguments.insert(arguments.begin(), program);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  int ends[2], input[2];
  if (pipe2(ends, O_CLOEXEC) != 0 || pipe2(input, O_CLOEXEC) != 0) std::abort();
  child_ = fork();
  if (child_ == 0) RunChild(folder_, input[0], ends[1], std::move(pointers));
  close(ends[1]);
  close(input[0]);
  ready_ = ends[0];
  input_ = input[1];
}

ServerProcess::~ServerProcess() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  close(ready_);
  CloseInput();
  std::filesystem::remove_all(folder_);
}

std::string ServerProcess::AwaitReady() {
  std::string text;
  char buffer[4096];
  pollfd readable{ready_, POLLIN, 0};
  while (poll(&readable, 1, static_cast<int>(kPatience.count())) > 0) {
    const ssize_t size = read(ready_, buffer, sizeof(buffer));
    if (size <= 0) break;
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

void ServerProcess::Signal(int signal) { kill(child_, signal); }

void ServerProcess::CloseInput() {
  if (input_ >= 0) close(std::exchange(input_, -1));
}

std::optional<int> ServerProcess::AwaitExit() {
  // A descriptor that becomes readable when the child ends: no polling of waitpid.
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, child_, 0));
  pollfd ended{watch, POLLIN, 0};
  const bool over = poll(&ended, 1, static_cast<int>(kPatience.count())) > 0;
  close(watch);
  if (!over) return std::nullopt;
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  return WIFEXITED(status) ? std::optional<int>(WEXITSTATUS(status)) : std::nullopt;
}

bool ServerProcess::AwaitErrors(const std::string& text) {
  // Standard error is a file, whose growth no descriptor tells: it is looked at again and again.
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (Errors().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > end) return false;
    usleep(1000);
  }
  return true;
}

std::string ServerProcess::Output() const { return ReadAll(folder_ + "/output"); }
std::string ServerProcess::Errors() const { return ReadAll(folder_ + "/errors"); }

}  // namespace wherry::server
