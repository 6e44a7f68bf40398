#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/support/child_process.h"

namespace wherry::conformance {

// The wherry server as its users run it, in a process of its own that a test may kill.
// Threads: one at a time. Owned by the test; killed when it goes.
class WherryProcess {
 public:
  // Starts the server with these arguments and waits until it listens; fails the test if it does
  // not.
  explicit WherryProcess(std::vector<std::string> arguments);

  // "127.0.0.1:41233" of a protocol's first listener; "" if it has none.
  std::string Address(const std::string& protocol) const;
  // SIGKILL: no chance to write anything.
  void Kill() { process_->Kill(); }
  // SIGTERM; fails the test unless it stops well.
  void Stop();

 private:
  std::unique_ptr<ChildProcess> process_;
  std::string ready_;  // the line of its URLs
};

}  // namespace wherry::conformance
