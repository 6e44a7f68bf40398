// What lint finds in what stock clients leave, rule by rule, and what it leaves alone.
#include <thread>

#include "tests/conformance/testkit/inside_test.h"

namespace wherry::conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LintOfClientsTest : public InsideTest {
 protected:
  std::vector<LintFinding> Lint(std::set<LintRule> allowed = {}) {
    return ns_.Lint({.allowed = std::move(allowed), .grace = kPatience}).value();
  }
  static auto Finding(LintRule rule, const std::string& text) {
    return AllOf(Field(&LintFinding::rule, rule), Field(&LintFinding::text, HasSubstr(text)));
  }

  void Produce(int count) {
    Producer producer(bootstrap());
    for (int i = 0; i < count; ++i) producer.Send("orders", "k", std::to_string(i));
    producer.FlushWell();
  }
};

TEST_P(LintOfClientsTest, AClientThatDoesEverythingWellLeavesNothing) {
  {
    const NatsConnection app = ConnectAs("app");
    const NatsSub sub = Subscribe(app, "orders.*");
    Publish(app, "orders.new", "1");
    EXPECT_EQ(DataOf(Next(sub)), "1");
    Produce(3);
    Consumer consumer(bootstrap(), "billing");
    consumer.Subscribe("orders");
    for (const Record& record : consumer.Read(3)) {
      EXPECT_EQ(consumer.Commit("orders", record), RD_KAFKA_RESP_ERR_NO_ERROR);
    }
  }
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_P(LintOfClientsTest, AMessageThatNobodyReceived) {
  {
    const NatsConnection app = ConnectAs("app");
    const NatsSub sub = Subscribe(app, "ordres.*");
    Publish(app, "orders.new", "hello");
    Publish(app, "orders.new", "again");
    Flush(app);
  }
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUnreceived,
                                          "2 messages on \"orders.new\" (the first is \"hello\" of "
                                          "5 bytes")));
  EXPECT_THAT(Lint()[0].text, AllOf(HasSubstr("\"ordres.*\" of \"app\""), HasSubstr("typing")));
  EXPECT_THAT(Lint({LintRule::kUnreceived}), IsEmpty()) << "switched off";
}

TEST_P(LintOfClientsTest, RequestsAndAnswersAreNone) {
  {
    const NatsConnection app = ConnectAs("app");
    natsMsg* reply = nullptr;
    EXPECT_EQ(natsConnection_RequestString(&reply, app.get(), "nobody", "?", kPatience.count()),
              NATS_NO_RESPONDERS);
    // Two answer, and the requester listens for one.
    const NatsConnection other = ConnectAs("other");
    const NatsSub first = Subscribe(other, "ask");
    const NatsSub second = Subscribe(other, "ask");
    const std::string inbox = "_INBOX.lint";
    const NatsSub answer = Subscribe(app, inbox);
    ASSERT_EQ(natsConnection_PublishRequestString(app.get(), "ask", inbox.c_str(), "?"), NATS_OK);
    Flush(app);
    ASSERT_NE(Next(first), nullptr);
    Publish(other, inbox, "1");
    EXPECT_EQ(DataOf(Next(answer)), "1");
    natsSubscription_Unsubscribe(answer.get());
    Flush(app);
    Publish(other, inbox, "2");
    Flush(other);
  }
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_P(LintOfClientsTest, ASubscriptionThatCameTooLate) {
  {
    const NatsConnection app = ConnectAs("app");
    Publish(app, "orders.new", "1");
    Flush(app);
    const NatsConnection worker = ConnectAs("worker");
    const NatsSub sub = Subscribe(worker, "orders.*");
  }
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kLateSubscription,
                                          "\"worker\" (connection 2) subscribed to \"orders.*\"")));
  EXPECT_THAT(Lint({LintRule::kLateSubscription}), IsEmpty()) << "switched off";
}

TEST_P(LintOfClientsTest, AGroupThatBeganBehindItsRecords) {
  Produce(3);
  {
    Consumer consumer(bootstrap(), "billing", {{"auto.offset.reset", "latest"}});
    consumer.Subscribe("orders");
    consumer.AwaitEnd();
  }
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kLateSubscription,
                                          "group \"billing\" began at the end of orders[0], offset "
                                          "3, and will not read the 3 records")));
  EXPECT_THAT(Lint({LintRule::kLateSubscription}), IsEmpty()) << "switched off";
}

TEST_P(LintOfClientsTest, AGroupThatBeganInFrontOfItsRecords) {
  ASSERT_EQ(Admin(bootstrap()).CreateTopic("orders", 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  {
    Consumer consumer(bootstrap(), "billing", {{"auto.offset.reset", "latest"}});
    consumer.Subscribe("orders");
    consumer.AwaitEnd();
    Produce(2);
    for (const Record& record : consumer.Read(2)) {
      EXPECT_EQ(consumer.Commit("orders", record), RD_KAFKA_RESP_ERR_NO_ERROR);
    }
  }
  {
    // Goes on where the group was.
    Consumer consumer(bootstrap(), "billing", {{"auto.offset.reset", "latest"}});
    consumer.Subscribe("orders");
    consumer.AwaitEnd();
  }
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_P(LintOfClientsTest, AGroupThatDidNotCommitWhatItRead) {
  Produce(3);
  {
    Consumer consumer(bootstrap(), "billing", {{"client.id", "biller"}});
    consumer.Subscribe("orders");
    const std::vector<Record> read = consumer.Read(3);
    ASSERT_THAT(read, SizeIs(3));
    EXPECT_EQ(consumer.Commit("orders", read[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUncommittedRead,
                                          "group \"billing\" was sent orders[0] up to offset 3 "
                                          "(client \"biller\"), but has committed 1")));
  EXPECT_THAT(Lint({LintRule::kUncommittedRead}), IsEmpty()) << "switched off";
}

TEST_P(LintOfClientsTest, WhoeverAssignsByHandOwesNoCommit) {
  Produce(3);
  {
    Consumer consumer(bootstrap(), "");
    consumer.Assign("orders", 0);
    EXPECT_THAT(consumer.Read(3), SizeIs(3));
  }
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_P(LintOfClientsTest, AConnectionThatWasNotClosed) {
  const NatsConnection app = ConnectAs("forgotten");
  const auto findings = ns_.Lint({.grace = std::chrono::milliseconds(1)}).value();
  EXPECT_THAT(findings, ElementsAre(Finding(LintRule::kLeakedConnection, "\"forgotten\"")));
  EXPECT_THAT(Lint({LintRule::kLeakedConnection}), IsEmpty()) << "switched off";
}

TEST_P(LintOfClientsTest, AConnectionThatIsBeingClosedIsWaitedFor) {
  NatsConnection app = ConnectAs("late");
  Producer producer(bootstrap());
  producer.Send("t", "k", "v");
  producer.FlushWell();
  std::jthread closing([&] { app.reset(); });
  // The producer has not been closed.
  const auto findings = ns_.Lint({.grace = std::chrono::milliseconds(300)}).value();
  ASSERT_FALSE(findings.empty());
  for (const LintFinding& finding : findings) {
    EXPECT_THAT(finding, Finding(LintRule::kLeakedConnection, "kafka connection"));
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, LintOfClientsTest, ::testing::Values(1, 3));

}  // namespace
}  // namespace wherry::conformance
