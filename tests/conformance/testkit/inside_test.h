#pragma once

#include <string>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/nats/nats_client.h"
#include "wherry/broker.h"
#include "wherry/matchers.h"

namespace wherry::conformance {

// A namespace that remembers what its clients ask for, on one thread and on several.
// Threads: the test's. Owned by GoogleTest.
class InsideTest : public ::testing::TestWithParam<int> {
 protected:
  static Options OptionsOf(int threads) {
    Options options;
    options.threads = threads;
    options.history = 10'000;
    return options;
  }

  // A connection that tells its name.
  NatsConnection ConnectAs(const std::string& name) {
    NatsConnectOptions options = ConnectOptions(ns_.Url("nats"));
    natsOptions_SetName(options.get(), name.c_str());
    return Connect(options);
  }
  static std::uint64_t IdOf(const NatsConnection& connection) {
    std::uint64_t id = 0;
    EXPECT_EQ(natsConnection_GetClientID(connection.get(), &id), NATS_OK);
    return id;
  }
  std::string bootstrap() const { return ns_.Address("kafka"); }

  Broker broker_ = Broker::Start(OptionsOf(GetParam())).value();
  Namespace ns_ = broker_.NewNamespace("inside").value();
};

}  // namespace wherry::conformance
