#pragma once

#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/nats/nats_client.h"
#include "wherry/broker.h"

namespace wherry::conformance {

// A broker whose time belongs to the test, for stock clients of every protocol.
// Threads: the test's. Owned by GoogleTest.
class TestkitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StatusOr<Broker> started = Broker::Start(options());
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
  }

  virtual Options options() const {
    Options options;
    options.clock = ClockMode::kVirtual;
    return options;
  }

  Broker& broker() { return *broker_; }
  Clock& clock() { return broker_->clock(); }
  Kafka& kafka() { return broker_->kafka(); }
  Nats& nats() { return broker_->nats(); }
  std::string bootstrap() const { return broker_->Address("kafka"); }
  std::string nats_url() const { return broker_->Url("nats"); }

 private:
  std::optional<Broker> broker_;
};

}  // namespace wherry::conformance
