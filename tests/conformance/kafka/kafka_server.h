#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "wherry/options.h"

namespace wherry::conformance {

// A Kafka broker to run a test against: Wherry in this process, or another one to prove the test
// itself. Threads: one at a time. Owned by the test; stopped when it goes.
class KafkaServer {
 public:
  enum class Kind {
    kMemory,  // Wherry, in memory
    kDisk,    // Wherry, with a data directory of its own
    kMock,    // librdkafka's mock cluster: no administration, no look-up by time
    kRemote,  // one that runs already, at WHERRY_TEST_KAFKA_BOOTSTRAP
  };

  friend std::ostream& operator<<(std::ostream& out, Kind kind) {
    return out << (kind == Kind::kDisk ? "Disk" : "Memory");
  }

  virtual ~KafkaServer() = default;
  virtual std::string bootstrap() const = 0;
  // Stops it and starts it again on the port it had; a data directory stays.
  virtual void Restart() = 0;
  // Makes a topic without asking over the wire, where only that works (the mock); else does
  // nothing.
  virtual void PrepareTopic(const std::string& topic, int partitions) = 0;

  // What WHERRY_TEST_KAFKA_BOOTSTRAP asks for: kMock if it is "mock", kRemote if it is an address,
  // else `wherry`, which is kMemory or kDisk.
  static Kind Wanted(Kind wherry);
  // Fails the test and returns nullptr if the server does not start. Only Wherry heeds `options`.
  static std::unique_ptr<KafkaServer> Start(Kind kind, const KafkaOptions& options = {});
};

}  // namespace wherry::conformance
