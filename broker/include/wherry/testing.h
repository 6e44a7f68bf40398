#pragma once

// For GoogleTest: a broker per test, in memory, on free ports. Header-only; the including test
// links GoogleTest itself.

#include <optional>

#include <gtest/gtest.h>

#include "wherry/broker.h"

namespace wherry::testing {

// A fixture with a running broker.
//
//   class OrdersTest : public wherry::testing::BrokerTest {};
//   TEST_F(OrdersTest, Connects) { Connect(broker().Url("nats")); }
//
// A derived class overrides options() for a broker that is not the default one.
class BrokerTest : public ::testing::Test {
 protected:
  virtual Options options() const { return {}; }

  void SetUp() override {
    StatusOr<Broker> started = Broker::Start(options());
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
  }
  void TearDown() override {
    if (broker_.has_value()) EXPECT_TRUE(broker_->Stop().ok());
    broker_.reset();
  }

  Broker& broker() { return broker_.value(); }

 private:
  std::optional<Broker> broker_;
};

}  // namespace wherry::testing
