#include "tools/command.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace wherry::server {
namespace {

constexpr int kExitNotFound = 127;
constexpr int kExitSignal = 128;

void SetEnvironment(const Broker& broker) {
  setenv("WHERRY_NATS_URL", broker.Url("nats").c_str(), 1);
  setenv("WHERRY_KAFKA_BOOTSTRAP", broker.Address("kafka").c_str(), 1);
  setenv("WHERRY_HTTP_URL", broker.Url("http").c_str(), 1);
}

// In the child: nothing here may allocate, since another thread's lock on the heap came with us.
// Writes to `failed`, which a program that runs closes, why there is none.
[[noreturn]] void Become(char* const* arguments, const sigset_t& signals, pid_t parent,
                         int failed) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kExitNotFound);  // it has died already
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  execvp(arguments[0], arguments);
  const int error = errno;
  static_cast<void>(!write(failed, &error, sizeof(error)));
  _exit(kExitNotFound);
}

// Waits until the child has ended, and passes signals on to it.
int AwaitChild(pid_t child, const sigset_t& signals) {
  while (true) {
    siginfo_t info{};
    if (sigwaitinfo(&signals, &info) < 0) continue;
    int status = 0;
    if (info.si_signo != SIGCHLD) {
      // What the terminal sends (Ctrl-C) has reached the child as well.
      if (info.si_code != SI_KERNEL) kill(child, info.si_signo);
    } else if (waitpid(child, &status, WNOHANG) == child) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : kExitSignal + WTERMSIG(status);
    }
  }
}

}  // namespace

int RunCommand(const std::vector<std::string>& command, const Broker& broker,
               const sigset_t& signals) {
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  SetEnvironment(broker);

  int failed[2] = {-1, -1};
  const pid_t parent = getpid();
  const pid_t child = pipe2(failed, O_CLOEXEC) == 0 ? fork() : -1;
  if (child == 0) Become(arguments.data(), signals, parent, failed[1]);
  int error = child < 0 ? errno : 0;
  close(failed[1]);
  if (child > 0 && read(failed[0], &error, sizeof(error)) < 0) error = errno;
  close(failed[0]);
  if (error != 0)
    std::fprintf(stderr, "wherry: cannot run %s: %s\n", command[0].c_str(), std::strerror(error));
  return child < 0 ? kExitNotFound : AwaitChild(child, signals);
}

}  // namespace wherry::server
