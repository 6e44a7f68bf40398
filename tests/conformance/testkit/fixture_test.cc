// The fixture of wherry/testing.h: what a test leaves behind fails it.
#include "wherry/testing.h"

#include <gtest/gtest-spi.h>

#include "tests/conformance/nats/nats_client.h"

namespace wherry::conformance {
namespace {

// A test inside the test: its steps are taken one by one.
class InnerTest : public wherry::testing::BrokerTest {
 public:
  using BrokerTest::AllowLint;
  using BrokerTest::broker;
  using BrokerTest::lint;
  using BrokerTest::SetLint;
  using BrokerTest::SetUp;
  using BrokerTest::TearDown;
  void TestBody() override {}

  void PublishToNobody() {
    const NatsConnection client = Connect(broker().Url("nats"));
    Publish(client, "orders.new", "1");
    Flush(client);
  }
};

TEST(BrokerFixtureTest, AMessageThatNobodyReceivedFailsTheTest) {
  InnerTest inner;
  inner.SetUp();
  inner.PublishToNobody();
  EXPECT_NONFATAL_FAILURE(inner.TearDown(), "[unreceived] a message on \"orders.new\"");
}

TEST(BrokerFixtureTest, ATestMayAllowIt) {
  InnerTest inner;
  inner.SetUp();
  inner.PublishToNobody();
  inner.AllowLint(LintRule::kUnreceived);
  inner.TearDown();
}

TEST(BrokerFixtureTest, LintMayBeSwitchedOff) {
  InnerTest inner;
  inner.SetLint(false);
  inner.SetUp();
  inner.PublishToNobody();
  EXPECT_TRUE(inner.broker().requests().empty()) << "and costs nothing then";
  inner.TearDown();
}

TEST(BrokerFixtureTest, AClientThatLivesOnFailsTheTest) {
  InnerTest inner;
  inner.SetUp();
  inner.lint().grace = std::chrono::milliseconds(1);
  const NatsConnection client = Connect(inner.broker().Url("nats"));
  EXPECT_NONFATAL_FAILURE(inner.TearDown(), "[leaked_connection] nats connection");
}

TEST(BrokerFixtureTest, ATestThatStoppedItsBrokerIsDone) {
  InnerTest inner;
  inner.SetUp();
  ASSERT_TRUE(inner.broker().Stop().ok());
  inner.TearDown();
}

class InnerNamespaceTest : public wherry::testing::NamespaceTest {
 public:
  using NamespaceTest::ns;
  using NamespaceTest::SetUp;
  using NamespaceTest::TearDown;
  void TestBody() override {}
};

TEST(NamespaceFixtureTest, EachTestIsAlone) {
  InnerNamespaceTest first;
  first.SetUp();
  EXPECT_EQ(first.ns().name(), "NamespaceFixtureTest.EachTestIsAlone");
  {
    const NatsConnection client = Connect(first.ns().Url("nats"));
    Publish(client, "orders.new", "1");
    Flush(client);
  }
  EXPECT_NONFATAL_FAILURE(first.TearDown(), "[unreceived] a message on \"orders.new\"");
  InnerNamespaceTest second;
  second.SetUp();
  EXPECT_TRUE(second.ns().requests().empty());
  second.TearDown();
}

class OrdersTest : public wherry::testing::BrokerTest {};

TEST_F(OrdersTest, ATestThatLeavesNothingPasses) {
  const NatsConnection client = Connect(broker().Url("nats"));
  const NatsSub sub = Subscribe(client, "orders.*");
  Publish(client, "orders.new", "1");
  EXPECT_EQ(DataOf(Next(sub)), "1");
}

}  // namespace
}  // namespace wherry::conformance
