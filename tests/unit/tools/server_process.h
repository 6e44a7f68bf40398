#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace wherry::server {

// A wherry server in a process of its own, with its outputs held in files of a temporary folder.
// Threads: one at a time. Owned by a test; the destructor kills what still runs.
class ServerProcess {
 public:
  // Starts the server with these arguments in an empty folder. Descriptor 3 of the child is a pipe
  // for --ready-fd.
  explicit ServerProcess(std::vector<std::string> arguments);
  // The same with another program, a path.
  ServerProcess(const std::string& program, std::vector<std::string> arguments);
  ServerProcess(const ServerProcess&) = delete;
  ~ServerProcess();

  // What the server wrote to descriptor 3, once it closed it: "" if it ended without a word.
  std::string AwaitReady();
  void Signal(int signal);
  // Closes the other end of the pipe that is the child's standard input.
  void CloseInput();
  // The exit status; nullopt: killed by a signal, or still running after a while.
  std::optional<int> AwaitExit();

  // True as soon as standard error holds a text; false: it has not for a while.
  bool AwaitErrors(const std::string& text);
  pid_t pid() const { return child_; }

  std::string Output() const;  // standard output so far
  std::string Errors() const;  // standard error so far
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  pid_t child_ = -1;
  int ready_ = -1;
  int input_ = -1;
};

// A new folder for one test.
std::string MakeFolder();

}  // namespace wherry::server
