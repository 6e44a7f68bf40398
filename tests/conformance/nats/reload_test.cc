// Reload: a running server goes over to other options, and its clients with it.
#include <gtest/gtest.h>

#include "tests/conformance/support/raw_socket.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

NatsUser User(const std::string& name, std::vector<std::string> may_subscribe = {}) {
  NatsUser user{.user = name, .password = "p"};
  if (!may_subscribe.empty()) {
    user.permissions.emplace().subscribe.emplace().allow = std::move(may_subscribe);
  }
  return user;
}

class NatsReloadTest : public ::testing::TestWithParam<int> {
 protected:
  void Start(const NatsOptions& nats) {
    Options options;
    options.threads = GetParam();
    options.nats = nats;
    broker_.emplace(Broker::Start(options).value());
  }
  std::unique_ptr<RawSocket> Connect(const std::string& user, int protocol = 1) {
    auto socket = std::make_unique<RawSocket>(broker_->Address("nats"));
    socket->TakeLine();
    socket->Send("CONNECT {\"verbose\":false,\"protocol\":" + std::to_string(protocol) +
                 ",\"user\":\"" + user + "\",\"pass\":\"p\"}\r\nPING\r\n");
    EXPECT_TRUE(socket->AwaitText("PONG\r\n")) << socket->received();
    if (protocol >= 1) {
      EXPECT_TRUE(socket->AwaitText("\"connect_info\":true"));
    }
    socket->Take();
    return socket;
  }
  static std::string AfterPing(RawSocket& socket) {
    socket.Send("PING\r\n");
    EXPECT_TRUE(socket.AwaitText("PONG\r\n")) << socket.received();
    return socket.Take();
  }

  std::optional<Broker> broker_;
};

TEST_P(NatsReloadTest, ClientsLearnWhatInfoSaysAndTheNewLimitHolds) {
  Start({.max_payload = 1000});
  const auto knows = Connect("", 1);
  const auto old = Connect("", 0);
  ASSERT_TRUE(broker_->nats().Reload({.max_payload = 5}).ok());
  EXPECT_TRUE(knows->AwaitText("\"max_payload\":5,")) << knows->received();
  EXPECT_EQ(AfterPing(*old), "PONG\r\n");
  old->Send("PUB a 6\r\n123456\r\n");
  EXPECT_TRUE(old->AwaitText("-ERR 'Maximum Payload Violation'\r\n"));
}

TEST_P(NatsReloadTest, WhoIsNoLongerAUserIsLetGo) {
  Start({.users = {User("ann"), User("bob")}});
  const auto ann = Connect("ann");
  const auto bob = Connect("bob");
  ASSERT_TRUE(broker_->nats().Reload({.users = {User("bob")}}).ok());
  EXPECT_TRUE(ann->AwaitText("-ERR 'Authorization Violation'\r\n")) << ann->received();
  EXPECT_TRUE(ann->AwaitClosed());
  EXPECT_TRUE(AfterPing(*bob).ends_with("PONG\r\n"));
}

TEST_P(NatsReloadTest, SubscriptionsThatAreNotAllowedAnyMoreEnd) {
  Start({.users = {User("ann", {"a", "b"})}});
  const auto ann = Connect("ann");
  ann->Send("SUB a 1\r\nSUB b 2\r\n");
  EXPECT_EQ(AfterPing(*ann), "PONG\r\n");
  ASSERT_TRUE(broker_->nats().Reload({.users = {User("ann", {"b"})}}).ok());
  EXPECT_TRUE(ann->AwaitText("-ERR 'Permissions Violation for Subscription to \"a\" (sid \"1\")'"))
      << ann->received();
  AfterPing(*ann);
  ann->Send("PUB a 1\r\nx\r\nPUB b 1\r\ny\r\n");
  EXPECT_EQ(AfterPing(*ann), "MSG b 2 1\r\ny\r\nPONG\r\n");
}

TEST_P(NatsReloadTest, WhatCannotWorkChangesNothing) {
  Start({.users = {User("ann")}});
  const auto ann = Connect("ann");
  const Status status = broker_->nats().Reload({.max_payload = -1});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(AfterPing(*ann), "PONG\r\n");
  Connect("ann");
}

INSTANTIATE_TEST_SUITE_P(Threads, NatsReloadTest, ::testing::Values(1, 3),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace wherry::conformance
