#pragma once

#include <memory>
#include <ostream>
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
    kNewest,  // the newest one, that Go compiles into the build tree, as a child
    kRemote,  // one that runs already, at WHERRY_TEST_NATS_URL
  };

  friend std::ostream& operator<<(std::ostream& out, Kind kind);

  virtual ~NatsServer() = default;
  virtual std::string url() const = 0;
  // "http://127.0.0.1:8222", of one that was set up with it.
  virtual std::string monitor_url() const { return ""; }
  // Stops it; the clients see their connections close.
  virtual void Stop() = 0;
  // Starts it again on the port it had.
  virtual void StartAgain() = 0;

  // The version whose behaviour is ours to have, and how Go is told to install it.
  static constexpr int kNewestMinor = 15;
  static constexpr char kNewestPackage[] = "github.com/nats-io/nats-server/v2@v2.15.2";

  struct Setup {
    NatsOptions nats;
    // With pages over HTTP; a stock server then has no system account, as we have none.
    bool monitored = false;
    int threads = 0;  // of Wherry; 0: as many as WHERRY_TEST_THREADS says, else one
  };

  // Which server the environment asks for: a remote one if WHERRY_TEST_NATS_URL is set, nats-server
  // if WHERRY_TEST_NATS_SERVER names its program, else Wherry. WHERRY_TEST_NEWEST_NATS_SERVER names
  // the newest one where Go does not compile it.
  static Kind Wanted();
  // Why there is none of this kind here, in one line; "" if there is.
  static std::string WhyMissing(Kind kind);
  static bool HasStock() { return WhyMissing(Kind::kStock).empty(); }
  // Fails the test and returns nullptr if the server does not start. A remote one ignores
  // `options`.
  static std::unique_ptr<NatsServer> Start(Kind kind, const NatsOptions& options = {}) {
    return Start(kind, Setup{.nats = options});
  }
  static std::unique_ptr<NatsServer> Start(Kind kind, const Setup& setup);
};

}  // namespace wherry::conformance
