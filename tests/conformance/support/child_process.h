#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/conformance/support/deadline.h"

namespace wherry::conformance {

// How a process ended: its exit status, or the signal that ended it.
struct Exit {
  int status = -1;
  int signal = 0;
};

// A program run as a child, with its output caught and a pipe for what it reports when it is ready.
// It is killed when the object goes. Threads: one at a time. Owned by the test.
class ChildProcess {
 public:
  // An argument that the child replaces by the number of a descriptor whose other end is ready().
  static constexpr char kReadyFd[] = "{ready-fd}";

  // Starts `arguments[0]` (looked up in PATH) with only descriptors 0, 1, 2 and the ready pipe.
  // `environment` entries ("NAME=value") are added to ours.
  explicit ChildProcess(std::vector<std::string> arguments,
                        const std::vector<std::string>& environment = {});
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  void Signal(int signal);
  // SIGKILL, and waits until the process is gone.
  void Kill();
  // Waits for the end; nullopt if it has not come in time.
  std::optional<Exit> AwaitExit(std::chrono::milliseconds patience = kPatience);

  // The first line that came through the ready pipe, with its line end; less if the child closed
  // it.
  std::string AwaitReady(std::chrono::milliseconds patience = kPatience);
  // Standard output and error so far; complete once AwaitExit has returned.
  std::string Output();
  std::string Errors();
  // Closes the child's standard input.
  void CloseInput();

 private:
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  int input_ = -1;
  int ready_ = -1;
  int output_file_ = -1;
  int error_file_ = -1;
  std::optional<Exit> exit_;
};

// Runs a program to its end and returns what it printed; fails the test if it does not end in time
// or with status 0.
std::string OutputOf(std::vector<std::string> arguments,
                     std::chrono::milliseconds patience = kPatience);
// True if the program is found in PATH.
bool HasProgram(std::string_view name);

}  // namespace wherry::conformance
