// A clock that the test owns, under unmodified Kafka clients, who live in real time.
#include <algorithm>

#include "tests/conformance/kafka/kafka_wire.h"
#include "tests/conformance/testkit/testkit_test.h"

namespace wherry::conformance {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

auto Labelled(const auto& label) { return Field(&TimerInfo::label, label); }

// A static member: closing it leaves the group as a crash does, without a word.
const Settings kCrashing = {{"group.instance.id", "crashing"}, {"client.id", "crashing"}};

class ClockKafkaTest : public TestkitTest {
 protected:
  void SetUp() override {
    TestkitTest::SetUp();
    ASSERT_TRUE(kafka().CreateTopic("orders", 2).ok());
  }

  std::unique_ptr<Consumer> Join(const Settings& settings = {}) {
    auto member = std::make_unique<Consumer>(bootstrap(), "g", settings);
    member->Subscribe("orders");
    return member;
  }
  // Polls until the member has that many partitions.
  static bool AwaitAssigned(Consumer& member, std::size_t partitions) {
    const Deadline deadline;
    while (member.Assignment().size() != partitions) {
      if (deadline.Passed()) return false;
      member.Next(std::chrono::milliseconds(10));
    }
    return true;
  }
  static std::string MemberId(Consumer& member) {
    char* const id = rd_kafka_memberid(member.client());
    std::string copy = id == nullptr ? "" : id;
    rd_kafka_mem_free(member.client(), id);
    return copy;
  }
  // The member of a group whose connection the broker has seen closing is waited for by a session
  // that Advance counts for.
  // Until the broker has seen the end of each connection of a client.
  bool AwaitGone(const std::string& client) {
    const Deadline deadline;
    while (!deadline.Passed()) {
      const std::vector<ConnectionInfo> open = broker().connections().value();
      const auto is_its = [&](const ConnectionInfo& one) { return one.client == client; };
      if (std::none_of(open.begin(), open.end(), is_its)) return true;
    }
    return false;
  }
  // Advances to the next deadline, once a timer of this label waits for its own: others, which look
  // after what is kept, always wait.
  StatusOr<std::vector<TimerInfo>> AdvanceOnce(const std::string& label) {
    const Deadline deadline;
    while (!deadline.Passed()) {
      for (const TimerInfo& timer : clock().Pending()) {
        if (timer.label == label) return clock().AdvanceToNext();
      }
    }
    return Status(StatusCode::kDeadlineExceeded, "no timer is called " + label);
  }
};

TEST_F(ClockKafkaTest, AGroupSurvivesHalfAnHourThatNobodyWaited) {
  const auto member = Join();
  ASSERT_TRUE(AwaitAssigned(*member, 2));
  const std::string id = MemberId(*member);
  EXPECT_THAT(clock().Pending(), Contains(Labelled("session of member " + id + " of group g")));
  // What fires looks after what is kept.
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(clock().Advance(minutes(31)).value(),
                Each(Field(&TimerInfo::kind, TimerKind::kRetention)));
  }

  Producer producer(bootstrap());
  producer.Send("orders", "k", "v");
  producer.FlushWell();
  const std::optional<Record> record = member->Next();
  ASSERT_TRUE(record.has_value());
  // Refused, had it been expelled or had there been a rebalance.
  EXPECT_EQ(member->Commit("orders", *record), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(MemberId(*member), id);
  EXPECT_THAT(member->Assignment(), SizeIs(2));
  EXPECT_THAT(member->errors(), IsEmpty());
}

TEST_F(ClockKafkaTest, AMemberWhoseConnectionHasGoneIsExpelledWhenItsSessionEnds) {
  auto crashing = Join(kCrashing);
  ASSERT_TRUE(AwaitAssigned(*crashing, 2));
  const std::string id = MemberId(*crashing);
  const auto staying = Join();
  ASSERT_TRUE(AwaitAssigned(*staying, 1));
  ASSERT_TRUE(AwaitAssigned(*crashing, 1));
  crashing->Close();
  crashing.reset();
  ASSERT_TRUE(AwaitGone("crashing"));

  const auto began = clock().Now();
  const auto fired = AdvanceOnce("session of member " + id + " of group g");
  ASSERT_TRUE(fired.ok()) << fired.status();
  EXPECT_THAT(fired.value(), ElementsAre(AllOf(
                                 Labelled("session of member " + id + " of group g"),
                                 Field(&TimerInfo::kind, TimerKind::kLiveness))));
  // 45 s is librdkafka's session, of which real time has taken a little.
  EXPECT_LE(clock().Now() - began, seconds(45));
  EXPECT_GT(clock().Now() - began, seconds(20));
  EXPECT_TRUE(AwaitAssigned(*staying, 2));
}

TEST_F(ClockKafkaTest, ConnectedMembersAreExpelledIfTheCallCountsForThemToo) {
  const auto member = Join();
  ASSERT_TRUE(AwaitAssigned(*member, 2));
  const std::string before = MemberId(*member);
  EXPECT_THAT(clock().Advance(seconds(46), {.liveness = true}).value(),
              ElementsAre(Labelled("session of member " + before + " of group g")));
  // It joins again, as a new member.
  const Deadline deadline;
  while (!deadline.Passed() && (MemberId(*member) == before || MemberId(*member).empty())) {
    member->Next(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(AwaitAssigned(*member, 2));
  EXPECT_NE(MemberId(*member), before);
}

// A member that notices every rebalance, and only does what the group asks for when it is polled.
void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                 rd_kafka_topic_partition_list_t* partitions, void* /*opaque*/) {
  rd_kafka_assign(client, error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? partitions : nullptr);
}

TEST_F(ClockKafkaTest, ARebalanceThatAMemberHoldsUpEndsWhenTheTestSaysSo) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  char error[256];
  const Settings settings = {{"bootstrap.servers", bootstrap()},
                             {"group.id", "g"},
                             {"heartbeat.interval.ms", "100"}};
  for (const auto& [name, value] : settings) {
    ASSERT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)),
              RD_KAFKA_CONF_OK)
        << error;
  }
  rd_kafka_conf_set_rebalance_cb(conf, OnRebalance);
  rd_kafka_t* const stuck = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
  ASSERT_NE(stuck, nullptr) << error;
  rd_kafka_poll_set_consumer(stuck);
  rd_kafka_subscribe(stuck, List("orders", RD_KAFKA_PARTITION_UA, 0).get());
  const Deadline deadline;
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  while (!deadline.Passed()) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(stuck, 10);
    if (message != nullptr) rd_kafka_message_destroy(message);
    rd_kafka_assignment(stuck, &assigned);
    const PartitionList owned(assigned);
    if (owned->cnt == 2) break;
  }

  // From here on `stuck` is never polled: it beats its heart and does not join again.
  const auto member = Join();
  const auto fired = AdvanceOnce("rebalance of group g");
  ASSERT_TRUE(fired.ok()) << fired.status();
  EXPECT_THAT(fired.value(), ElementsAre(AllOf(Labelled("rebalance of group g"),
                                               Field(&TimerInfo::kind, TimerKind::kTransaction))));
  EXPECT_TRUE(AwaitAssigned(*member, 2));
  rd_kafka_consumer_close(stuck);
  rd_kafka_destroy(stuck);
}

TEST_F(ClockKafkaTest, LongPollsEndInRealTime) {
  Consumer consumer(bootstrap(), "");
  consumer.Assign("orders", 0);
  // Only a fetch that has ended says where the end is.
  consumer.AwaitEnd();
  ASSERT_TRUE(kafka().Append("orders", {.value = "v"}, 0).ok());
  EXPECT_EQ(consumer.Next().value_or(Record{}).value, "v");
}

TEST_F(ClockKafkaTest, AdvancingEndsLongPollsToo) {
  RawSocket client(bootstrap());
  const std::string body = KafkaBytes()
                               .Int32(-1)  // no replica
                               .Int32(240'000)  // for four minutes
                               .Int32(1)
                               .Int32(1 << 20)
                               .Int8(0)
                               .Int32(1)
                               .String("orders")
                               .Int32(1)
                               .Int32(0)
                               .Int64(0)
                               .Int32(1 << 20)
                               .bytes();
  client.Send(KafkaRequest(1, 4, 7, body));
  const Deadline deadline;
  while (!deadline.Passed() && clock().Pending().empty()) {
  }
  EXPECT_THAT(clock().Pending(), ElementsAre(AllOf(Labelled("fetch"), Field(&TimerInfo::kind,
                                                                           TimerKind::kPatience))));
  EXPECT_THAT(clock().Advance(minutes(5)).value(), IsEmpty());
  EXPECT_THAT(ReadResponse(client), SizeIs(::testing::Gt(4)));
}

TEST_F(ClockKafkaTest, RecordsOfTheBrokerAreStampedByItsClock) {
  ASSERT_TRUE(clock().Advance(hours(24 * 30)).ok());
  ASSERT_TRUE(kafka().Append("orders", {.value = "v"}, 0).ok());
  Consumer consumer(bootstrap(), "");
  consumer.Assign("orders", 0);
  const std::optional<Record> record = consumer.Next();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->timestamp, std::chrono::duration_cast<std::chrono::milliseconds>(
                                   clock().Now().time_since_epoch())
                                   .count());
  EXPECT_EQ(consumer.OffsetForTime("orders", 0, record->timestamp), 0);
}

}  // namespace
}  // namespace wherry::conformance
