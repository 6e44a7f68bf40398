// Namespaces as stock clients meet them: each has its own ports, and nothing passes between.
#include "wherry/namespace.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/nats/nats_client.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NamespacesOfClients : public ::testing::TestWithParam<int> {
 protected:
  static Options WithThreads(int threads) {
    Options options;
    options.threads = threads;
    return options;
  }

  Broker broker_ = Broker::Start(WithThreads(GetParam())).value();
};

TEST_P(NamespacesOfClients, NatsMessagesStayInside) {
  Namespace a = broker_.NewNamespace("a").value();
  Namespace b = broker_.NewNamespace("b").value();
  const NatsConnection to_a = Connect(a.Url("nats"));
  const NatsConnection also_to_a = Connect(a.Url("nats"));
  const NatsConnection to_b = Connect(b.Url("nats"));
  const NatsSub in_a = Subscribe(to_a, ">");
  const NatsSub in_b = Subscribe(to_b, ">");
  Publish(also_to_a, "orders", "for a");
  Flush(also_to_a);
  Publish(to_b, "orders", "for b");
  Flush(to_b);
  EXPECT_EQ(DataOf(Next(in_a)), "for a");
  EXPECT_EQ(DataOf(Next(in_b)), "for b");
  Flush(to_a);
  EXPECT_THAT(ArrivedPayloads(in_a), IsEmpty());
  EXPECT_THAT(ArrivedPayloads(in_b), IsEmpty());
}

TEST_P(NamespacesOfClients, TopicsAndGroupsOfOneNameAreTwo) {
  for (const char* name : {"a", "b"}) {
    Namespace each = broker_.NewNamespace(name).value();
    Producer producer(each.Address("kafka"));
    producer.Send("orders", "key", std::string("for ") + name);
    producer.FlushWell();
    ASSERT_EQ(each.kafka().ReadAll("orders", 0).value().size(), 1u);
    EXPECT_EQ(each.kafka().ReadAll("orders", 0).value()[0].value, std::string("for ") + name);
  }
}

TEST_P(NamespacesOfClients, EndDisconnectsOnlyTheirOwn) {
  Namespace a = broker_.NewNamespace("a").value();
  const NatsConnection stays = Connect(a.Url("nats"));
  NatsConnection goes;
  {
    Namespace b = broker_.NewNamespace("b").value();
    NatsConnectOptions options = ConnectOptions(b.Url("nats"));
    natsOptions_SetAllowReconnect(options.get(), false);
    goes = Connect(options);
  }
  EXPECT_NE(natsConnection_FlushTimeout(goes.get(), kPatience.count()), NATS_OK);
  EXPECT_EQ(natsConnection_FlushTimeout(stays.get(), kPatience.count()), NATS_OK);
}

TEST_P(NamespacesOfClients, ResetKeepsThePortAndNothingElse) {
  Namespace a = broker_.NewNamespace("a").value();
  const NatsConnection client = Connect(a.Url("nats"));
  Producer producer(a.Address("kafka"));
  producer.Send("orders", "key", "before");
  producer.FlushWell();
  ASSERT_TRUE(a.Reset().ok());
  EXPECT_THAT(a.kafka().Topics().value(), IsEmpty());
  // The same producer comes back by itself, to the same port.
  producer.Send("orders", "key", "after");
  producer.FlushWell();
  const auto records = a.kafka().ReadAll("orders", 0).value();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].value, "after");
  EXPECT_EQ(records[0].offset, 0);
  const NatsConnection anew = Connect(a.Url("nats"));
  Flush(anew);
}

INSTANTIATE_TEST_SUITE_P(Testkit, NamespacesOfClients, ::testing::Values(1, 3),
                         [](const auto& param) { return std::to_string(param.param) + "Threads"; });

}  // namespace
}  // namespace wherry::conformance
