#pragma once

#include <memory>
#include <string>

#include "wherry/options.h"

namespace wherry::conformance {

// A NATS server to run a test against: Wherry in this process, or a real one to prove the test
// itself. Threads: one at a time. Owned by the test; stopped when it goes.
class NatsServer {
 public:
  enum class Kind {
    kWherry,  // a broker in this process
    kStock,   // the nats-server program, as a child
    kRemote,  // one that runs already, at WHERRY_TEST_NATS_URL
  };

  virtual ~NatsServer() = default;
  virtual std::string url() const = 0;
  // Stops it; the clients see their connections close.
  virtual void Stop() = 0;
  // Starts it again on the port it had.
  virtual void StartAgain() = 0;

  // Which server the environment asks for: a remote one if WHERRY_TEST_NATS_URL is set, nats-server
  // if WHERRY_TEST_NATS_SERVER names its program, else Wherry.
  static Kind Wanted();
  // True if the nats-server program is there to compare with.
  static bool HasStock();
  // Fails the test and returns nullptr if the server does not start. A remote one ignores
  // `options`.
  static std::unique_ptr<NatsServer> Start(Kind kind, const NatsOptions& options = {});
};

}  // namespace wherry::conformance
