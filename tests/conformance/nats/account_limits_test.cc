// What an account allows its connections together, byte by byte.
#include <gtest/gtest.h>

#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/raw_socket.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

class NatsAccountLimitsTest : public ::testing::Test {
 protected:
  void Start(const NatsAccount& limits) {
    Options options;
    options.nats.accounts = {limits, {.name = "FREE"}};
    options.nats.users = {{.user = "ann", .password = "p", .account = limits.name},
                          {.user = "bob", .password = "p", .account = limits.name},
                          {.user = "eve", .password = "p", .account = "FREE"}};
    broker_.emplace(Broker::Start(options).value());
  }
  std::unique_ptr<RawSocket> Connect(const std::string& user) {
    auto socket = std::make_unique<RawSocket>(broker_->Address("nats"));
    socket->TakeLine();
    socket->Send("CONNECT {\"verbose\":false,\"user\":\"" + user + "\",\"pass\":\"p\"}\r\n");
    return socket;
  }
  // What an operation is answered, up to the PONG behind it.
  static std::string Do(RawSocket& socket, const std::string& operation) {
    socket.Send(operation + "PING\r\n");
    EXPECT_TRUE(socket.AwaitText("PONG\r\n")) << socket.received();
    return socket.Take();
  }

  std::optional<Broker> broker_;
};

TEST_F(NatsAccountLimitsTest, ConnectionsBeyondTheLimitAreRefusedUntilOneLeaves) {
  Start({.name = "A", .max_connections = 1});
  auto ann = Connect("ann");
  EXPECT_EQ(Do(*ann, ""), "PONG\r\n");
  auto bob = Connect("bob");
  EXPECT_TRUE(bob->AwaitText("-ERR 'maximum account active connections exceeded'\r\n"));
  EXPECT_TRUE(bob->AwaitClosed());
  EXPECT_EQ(Do(*Connect("eve"), ""), "PONG\r\n") << "another account is another matter";
  ann.reset();
  // Its connection is closed when the server has seen the end, which nothing here can wait for but
  // by asking again.
  const Deadline deadline;
  while (true) {
    bob = Connect("bob");
    bob->Send("PING\r\n");
    if (bob->AwaitText("PONG\r\n", std::chrono::milliseconds(200))) break;
    ASSERT_FALSE(deadline.Passed()) << bob->received();
  }
}

TEST_F(NatsAccountLimitsTest, SubscriptionsAreCountedOverAllConnections) {
  Start({.name = "A", .max_subscriptions = 2});
  const auto ann = Connect("ann");
  const auto bob = Connect("bob");
  EXPECT_EQ(Do(*ann, "SUB a 1\r\n"), "PONG\r\n");
  EXPECT_EQ(Do(*bob, "SUB b 1\r\n"), "PONG\r\n");
  EXPECT_EQ(Do(*bob, "SUB c 2\r\n"), "-ERR 'maximum subscriptions exceeded'\r\nPONG\r\n");
  EXPECT_EQ(Do(*ann, "UNSUB 1\r\n"), "PONG\r\n");
  EXPECT_EQ(Do(*bob, "SUB c 2\r\n"), "PONG\r\n");
}

TEST_F(NatsAccountLimitsTest, TheSmallerPayloadLimitHolds) {
  Start({.name = "A", .max_payload = 3});
  const auto ann = Connect("ann");
  EXPECT_EQ(Do(*ann, "PUB a 3\r\n123\r\n"), "PONG\r\n");
  ann->Send("PUB a 4\r\n1234\r\n");
  EXPECT_TRUE(ann->AwaitText("-ERR 'Maximum Payload Violation'\r\n"));
  EXPECT_EQ(Do(*Connect("eve"), "PUB a 4\r\n1234\r\n"), "PONG\r\n");
}

}  // namespace
}  // namespace wherry::conformance
