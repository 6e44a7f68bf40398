#pragma once

#include <string>

#include "wherry/broker.h"

namespace wherry::crash {

// A broker that can be made to crash, and goes on at the same address with what it has kept.
// Threads: one at a time. Owned by the test.
class Crashable {
 public:
  virtual ~Crashable() = default;

  // "127.0.0.1:9092", where Kafka clients connect.
  virtual std::string address() const = 0;
  // Ends it without a warning, and starts it again. A failure fails the test.
  virtual void Crash() = 0;
};

// A Broker of this process. Only with Options::simulated_disk it loses what was not synced.
class CrashableBroker final : public Crashable {
 public:
  explicit CrashableBroker(Broker& broker) : broker_(broker) {}

  std::string address() const override { return broker_.Address("kafka"); }
  void Crash() override;

 private:
  Broker& broker_;
};

}  // namespace wherry::crash
