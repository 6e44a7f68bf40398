// Faults that a test asks for, as librdkafka meets them.
#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/kafka/kafka_wire.h"
#include "tests/conformance/support/broker_faults.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;

// A client that gives up on an answer soon, and tries again at once.
const Settings kImpatient = {{"socket.timeout.ms", "300"},
                             {"request.timeout.ms", "300"},
                             {"retry.backoff.ms", "10"},
                             {"reconnect.backoff.ms", "10"},
                             {"reconnect.backoff.max.ms", "20"}};

Settings Impatient(Settings more) {
  more.insert(more.end(), kImpatient.begin(), kImpatient.end());
  return more;
}

class KafkaFaultsTest : public ::testing::Test {
 protected:
  KafkaFaultsTest() { EXPECT_TRUE(broker_.kafka().CreateTopic("orders", 1).ok()); }

  Faults& faults() { return broker_.faults(); }
  void Add(const Fault& fault) { AddFault(broker_, fault); }
  std::uint64_t fired() { return FiredFaults(broker_); }
  std::vector<std::string> Values(const std::string& topic = "orders") {
    std::vector<std::string> values;
    for (const KafkaRecord& record : broker_.kafka().ReadAll(topic, 0).value()) {
      values.push_back(record.value.value_or(""));
    }
    return values;
  }
  std::string bootstrap() const { return broker_.Address("kafka"); }

  Broker broker_ = Broker::Start({}).value();
};

TEST_F(KafkaFaultsTest, AProducerTriesAgainAfterAnErrorThatPasses) {
  Producer producer(bootstrap(), kImpatient);
  Add(Fault::On("kafka.Produce").Topic("orders").Times(2).Fail("NOT_LEADER_OR_FOLLOWER"));
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_EQ(fired(), 2u);
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, AnErrorForGoodIsToldToTheApplication) {
  Producer producer(bootstrap(), kImpatient);
  Add(Fault::On("kafka.Produce").Topic("orders").Fail("TOPIC_AUTHORIZATION_FAILED"));
  producer.Send("orders", "k", "v");
  ASSERT_TRUE(broker_.kafka().CreateTopic("bills", 1).ok());
  producer.Send("bills", "k", "v");
  const std::vector<Delivery> deliveries = producer.Flush();
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(deliveries[0].error, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  EXPECT_EQ(deliveries[1].error, RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST_F(KafkaFaultsTest, ALostReplyRepeatsARecordWithoutIdempotence) {
  Producer producer(bootstrap(), Impatient({{"enable.idempotence", "false"}}));
  Add(Fault::On("kafka.Produce").Times(1).AfterApply().Drop());
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("v", "v"));
}

TEST_F(KafkaFaultsTest, ALostReplyRepeatsNothingWithIdempotence) {
  Producer producer(bootstrap(), Impatient({{"enable.idempotence", "true"}}));
  Add(Fault::On("kafka.Produce").Times(1).AfterApply().Drop());
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_EQ(fired(), 1u);
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, AReplyLostWithItsConnectionIsNoDifferent) {
  Producer producer(bootstrap(), Impatient({{"enable.idempotence", "true"}}));
  Add(Fault::On("kafka.Produce").Times(1).AfterApply().Reset());
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_EQ(fired(), 1u);
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, ADelayedRequestIsHandledLaterAndInOrder) {
  Producer producer(bootstrap(), {{"linger.ms", "0"}, {"max.in.flight", "5"}});
  producer.Send("orders", "k", "0");
  producer.FlushWell();
  Add(Fault::On("kafka.Produce").Times(1).Delay(milliseconds(150)));
  const auto begin = steady_clock::now();
  for (const char* value : {"1", "2", "3"}) {
    producer.Send("orders", "k", value);
    rd_kafka_flush(producer.client(), 1);
  }
  producer.FlushWell();
  EXPECT_GE(steady_clock::now() - begin, milliseconds(150));
  EXPECT_THAT(Values(), ElementsAre("0", "1", "2", "3"));
}

TEST_F(KafkaFaultsTest, ALateReplyIsLateAndNothingElse) {
  Producer producer(bootstrap(), {{"enable.idempotence", "true"}});
  Add(Fault::On("kafka.Produce").Times(1).AfterApply().Delay(milliseconds(100)));
  const auto begin = steady_clock::now();
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_GE(steady_clock::now() - begin, milliseconds(100));
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, WhatWasKeptMayBeAnsweredWithAnError) {
  Producer producer(bootstrap(), Impatient({{"enable.idempotence", "false"}}));
  Add(Fault::On("kafka.Produce").Times(1).AfterApply().Fail("NOT_ENOUGH_REPLICAS_AFTER_APPEND"));
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("v", "v"));
}

TEST_F(KafkaFaultsTest, ARequestThatHangsIsTriedAgainElsewhere) {
  Producer producer(bootstrap(), kImpatient);
  Add(Fault::On("kafka.Produce").Times(1).Hang());
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_EQ(fired(), 1u);
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, ADroppedRequestLetsTheNextThrough) {
  Add(Fault::On("kafka.ApiVersions").Times(1).Drop());
  RawSocket socket(bootstrap());
  socket.Send(KafkaRequest(18, 0, 1, "") + KafkaRequest(18, 0, 2, ""));
  const std::string response = ReadResponse(socket);
  EXPECT_EQ(KafkaReader(response).Int32(), 2);
}

TEST_F(KafkaFaultsTest, NothingIsHandledBehindARequestThatHangs) {
  Add(Fault::On("kafka.ApiVersions").Times(1).Hang());
  RawSocket socket(bootstrap());
  socket.Send(KafkaRequest(18, 0, 1, "") + KafkaRequest(18, 0, 2, ""));
  EXPECT_EQ(ReadResponse(socket, kSilence), "");
  EXPECT_FALSE(socket.closed());
}

TEST_F(KafkaFaultsTest, EveryOperationOfOneClientMayEndItsConnection) {
  Add(Fault::On("kafka.*").Client("unlucky").Times(3).Close());
  Add(Fault::On("kafka.*").Client("unlucky").Times(2).Reset());
  Producer unlucky(bootstrap(), Impatient({{"client.id", "unlucky"}}));
  unlucky.Send("orders", "k", "v");
  unlucky.FlushWell();
  EXPECT_EQ(fired(), 5u);
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, SlicesOfAByteSayTheSame) {
  Add(Fault::On("kafka.connection").Slice(1));
  Producer producer(bootstrap());
  producer.Send("orders", "k", std::string(1000, 'x'));
  producer.FlushWell();
  Consumer consumer(bootstrap(), "g");
  consumer.Subscribe("orders");
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, std::string(1000, 'x'));
}

TEST_F(KafkaFaultsTest, ASlowLineTakesItsTime) {
  ASSERT_TRUE(broker_.kafka().Append("orders", {.value = std::string(40'000, 'x')}).ok());
  Add(Fault::On("kafka.Fetch").Times(1).Bandwidth(200'000));
  Consumer consumer(bootstrap(), "");
  const auto begin = steady_clock::now();
  consumer.Assign("orders", 0);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, std::string(40'000, 'x'));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(150));
}

TEST_F(KafkaFaultsTest, AFetchThatIsCutInTheMiddleIsFetchedAgain) {
  ASSERT_TRUE(broker_.kafka().Append("orders", {.value = std::string(1000, 'x')}).ok());
  Add(Fault::On("kafka.Fetch").Times(1).CloseAfter(500));
  Consumer consumer(bootstrap(), "", kImpatient);
  consumer.Assign("orders", 0);
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, std::string(1000, 'x'));
  EXPECT_EQ(fired(), 1u);
}

TEST_F(KafkaFaultsTest, ConnectionsAreRefusedOneByOne) {
  Add(Fault::On("kafka.connection").Times(1).Reset());
  Add(Fault::On("kafka.connection").Times(1).Delay(milliseconds(50)));
  Add(Fault::On("kafka.connection").Times(1).Hang());
  Producer producer(bootstrap(), Impatient({{"socket.connection.setup.timeout.ms", "1000"}}));
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, AGroupIsRebalancedWhenAHeartbeatSaysSo) {
  Consumer one(bootstrap(), "g", {{"heartbeat.interval.ms", "50"}});
  Consumer other(bootstrap(), "h", {{"heartbeat.interval.ms", "50"}});
  one.Subscribe("orders");
  other.Subscribe("orders");
  ASSERT_TRUE(broker_.kafka().Append("orders", {.value = "1"}).ok());
  ASSERT_EQ(one.Next().value_or(Record{}).value, "1");
  ASSERT_EQ(other.Next().value_or(Record{}).value, "1");
  Add(Fault::On("kafka.Heartbeat").Group("g").Times(1).Fail("REBALANCE_IN_PROGRESS"));
  Hold rejoined = faults().Hold(Fault::On("kafka.JoinGroup").Group("g")).value();
  Hold other_joins = faults().Hold(Fault::On("kafka.JoinGroup").Group("h")).value();
  // A consumer's callbacks, and its joining again, want it to be polled.
  for (const Deadline deadline; !rejoined.Wait(milliseconds(0)).ok() && !deadline.Passed();) {
    one.Next(milliseconds(10));
    other.Next(milliseconds(10));
  }
  EXPECT_TRUE(rejoined.Wait(milliseconds(0)).ok());
  EXPECT_EQ(other_joins.Wait(milliseconds(0)).code(), StatusCode::kDeadlineExceeded);
  rejoined.Release();
  ASSERT_TRUE(broker_.kafka().Append("orders", {.value = "2"}).ok());
  // What it had not committed comes again.
  std::optional<Record> next = one.Next();
  while (next.has_value() && next->value == "1") next = one.Next();
  EXPECT_EQ(next.value_or(Record{}).value, "2");
}

TEST_F(KafkaFaultsTest, AHeldRequestIsNotCarriedOutUntilItIsReleased) {
  Producer producer(bootstrap());
  Hold hold = faults().Hold(Fault::On("kafka.Produce").Topic("orders")).value();
  producer.Send("orders", "k", "v");
  producer.Poll();
  ASSERT_TRUE(hold.Wait(kPatience).ok());
  EXPECT_THAT(Values(), ElementsAre());
  hold.Release();
  producer.FlushWell();
  EXPECT_THAT(Values(), ElementsAre("v"));
}

TEST_F(KafkaFaultsTest, AHeldAnswerIsToWhatIsDoneAlready) {
  Producer producer(bootstrap());
  Hold hold = faults().Hold(Fault::On("kafka.Produce").AfterApply()).value();
  producer.Send("orders", "k", "v");
  producer.Poll();
  ASSERT_TRUE(hold.Wait(kPatience).ok());
  EXPECT_THAT(Values(), ElementsAre("v"));
  producer.Poll();
  EXPECT_EQ(producer.settled(), 0u);
  hold.Release();
  producer.FlushWell();
}

TEST_F(KafkaFaultsTest, TheBrokerStopsWhileRequestsWait) {
  Producer producer(bootstrap());
  Hold hold = faults().Hold(Fault::On("kafka.Produce")).value();
  producer.Send("orders", "k", "v");
  producer.Poll();
  ASSERT_TRUE(hold.Wait(kPatience).ok());
  Consumer consumer(bootstrap(), "");
  Add(Fault::On("kafka.Fetch").Times(1).Delay(std::chrono::hours(1)));
  Add(Fault::On("kafka.Fetch").Hang());
  consumer.Assign("orders", 0);
  for (const Deadline deadline; fired() < 2 && !deadline.Passed();) consumer.Next(milliseconds(10));
  EXPECT_TRUE(broker_.Stop().ok());
}

}  // namespace
}  // namespace wherry::conformance
