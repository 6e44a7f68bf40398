#include "wherry/namespace.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/unit/broker/embed/embed_fixture.h"
#include "wherry/broker.h"

namespace wherry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NamespaceTest : public EmbedTest {
 protected:
  Namespace New(std::string_view name) { return broker().NewNamespace(name).value(); }
};

KafkaRecord Value(std::string value) {
  KafkaRecord record;
  record.value = std::move(value);
  return record;
}

TEST_P(NamespaceTest, HasListenersOfItsOwnForEachProtocol) {
  const Namespace a = New("a");
  for (const char* protocol : {"nats", "kafka", "http"}) {
    EXPECT_THAT(a.Url(protocol), HasSubstr(std::string(protocol) + "://127.0.0.1:"));
    EXPECT_NE(a.Url(protocol), broker().Url(protocol));
  }
  EXPECT_EQ(a.Urls().size(), 3u);
  EXPECT_EQ(a.name(), "a");
}

TEST_P(NamespaceTest, SeesNothingOfAnother) {
  Namespace a = New("a");
  Namespace b = New("b");
  auto in_b = b.nats().Subscribe("orders").value();
  auto in_default = broker().nats().Subscribe("orders").value();
  auto in_a = a.nats().Subscribe("orders").value();
  ASSERT_TRUE(a.nats().Publish("orders", "for a").ok());
  ASSERT_TRUE(b.nats().Publish("orders", "for b").ok());
  EXPECT_EQ(in_a.Next(kPatience)->payload, "for a");
  EXPECT_EQ(in_b.Next(kPatience)->payload, "for b");

  ASSERT_TRUE(a.kafka().CreateTopic("orders").ok());
  ASSERT_TRUE(a.kafka().Append("orders", Value("for a")).ok());
  ASSERT_TRUE(b.kafka().CreateTopic("orders").ok());
  EXPECT_THAT(b.kafka().ReadAll("orders", 0).value(), IsEmpty());
  EXPECT_THAT(kafka().Topics().value(), IsEmpty());

  // Only now, behind both deliveries, is it known that nothing came here.
  ASSERT_TRUE(broker().nats().Publish("orders", "default").ok());
  EXPECT_EQ(in_default.Next(kPatience)->payload, "default");
}

TEST_P(NamespaceTest, LeavesNothingBehind) {
  {
    Namespace a = New("a");
    ASSERT_TRUE(a.kafka().CreateTopic("orders", 3).ok());
    ASSERT_TRUE(a.kafka().Append("orders", Value("one")).ok());
  }
  Namespace again = New("a");
  EXPECT_THAT(again.kafka().Topics().value(), IsEmpty());
}

TEST_P(NamespaceTest, DoesNotOutliveItsBroker) {
  std::optional<Namespace> a = New("a");
  ASSERT_TRUE(a->kafka().CreateTopic("orders").ok());
  ASSERT_TRUE(kafka().CreateTopic("kept").ok());
  ASSERT_TRUE(broker().Stop().ok());
  EXPECT_EQ(a->kafka().Topics().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(a->nats().Publish("orders", "").code(), StatusCode::kUnavailable);
  EXPECT_EQ(a->Reset().code(), StatusCode::kUnavailable);
  Restart();
  a.reset();
  // What the stopped broker still had of it on its disk is gone; the default namespace's is not.
  EXPECT_THAT(New("a").kafka().Topics().value(), IsEmpty());
  if (GetParam() == Store::kDisk) {
    EXPECT_THAT(kafka().Topics().value(), ElementsAre("kept"));
  }
}

TEST_P(NamespaceTest, NameIsTakenOnce) {
  NatsAccount account;
  account.name = "billing";
  options_.nats.accounts.push_back(account);
  Restart();
  const Namespace a = New("a");
  for (const char* name : {"a", "default", "billing", "$G"}) {
    const StatusOr<Namespace> second = broker().NewNamespace(name);
    EXPECT_EQ(CodeOf(second), StatusCode::kAlreadyExists) << name;
    EXPECT_THAT(second.status().message(), HasSubstr(name));
  }
  EXPECT_EQ(CodeOf(broker().NewNamespace("")), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(broker().NewNamespace(std::string(1025, 'n'))), StatusCode::kInvalidArgument);
}

TEST_P(NamespaceTest, IsRefusedInACallback) {
  StatusCode made = StatusCode::kOk, reset = StatusCode::kOk;
  Namespace a = New("a");
  auto heard = a.nats().Subscribe("done").value();
  const auto subscription = a.nats()
                                .Subscribe("go",
                                           [&](const NatsMessage&) {
                                             made = CodeOf(broker().NewNamespace("b"));
                                             reset = a.Reset().code();
                                             static_cast<void>(a.nats().Publish("done", ""));
                                           })
                                .value();
  ASSERT_TRUE(a.nats().Publish("go", "").ok());
  ASSERT_TRUE(heard.Next(kPatience).ok());
  EXPECT_EQ(made, StatusCode::kFailedPrecondition);
  EXPECT_EQ(reset, StatusCode::kFailedPrecondition);
}

TEST_P(NamespaceTest, ResetEmptiesIt) {
  Namespace a = New("a");
  Namespace b = New("b");
  for (Namespace* each : {&a, &b}) {
    ASSERT_TRUE(each->kafka().CreateTopic("orders", 2).ok());
    ASSERT_TRUE(each->kafka().Append("orders", Value("one"), 0).ok());
  }
  auto before = a.nats().Subscribe("orders").value();
  const std::vector<std::string> urls = a.Urls();
  ASSERT_TRUE(a.Reset().ok());

  EXPECT_EQ(a.Urls(), urls);
  EXPECT_EQ(CodeOf(before.Next(kPatience)), StatusCode::kUnavailable);
  EXPECT_THAT(a.kafka().Topics().value(), IsEmpty());
  ASSERT_TRUE(a.kafka().CreateTopic("orders").ok());
  EXPECT_EQ(a.kafka().Append("orders", Value("anew")).value().offset, 0);
  auto after = a.nats().Subscribe("orders").value();
  ASSERT_TRUE(a.nats().Publish("orders", "anew").ok());
  EXPECT_EQ(after.Next(kPatience)->payload, "anew");
  EXPECT_EQ(b.kafka().ReadAll("orders", 0).value().size(), 1u);
}

TEST_P(NamespaceTest, DefaultOneCanBeReset) {
  ASSERT_TRUE(kafka().CreateTopic("orders").ok());
  ASSERT_TRUE(broker().Reset().ok());
  EXPECT_THAT(kafka().Topics().value(), IsEmpty());
  Restart();
  EXPECT_THAT(kafka().Topics().value(), IsEmpty());
}

TEST_P(NamespaceTest, ComesAndGoesOnSeveralThreads) {
  options_.threads = 3;
  Restart();
  for (int i = 0; i < 20; ++i) {
    Namespace a = New("a");
    auto subscription = a.nats().Subscribe("orders").value();
    ASSERT_TRUE(a.nats().Publish("orders", "one").ok());
    ASSERT_TRUE(subscription.Next(kPatience).ok());
    ASSERT_TRUE(a.Reset().ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Embed, NamespaceTest, ::testing::Values(Store::kMemory, Store::kDisk),
                         StoreName);

}  // namespace
}  // namespace wherry
