// Consumer groups: shared partitions, manual commits, members that come and go.
#include <functional>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_test.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr int kPartitions = 6;
// How long one member is polled before it is the next one's turn.
constexpr std::chrono::milliseconds kTurn{10};

class KafkaConsumerGroupTest : public KafkaTest {
 protected:
  void SetUp() override {
    KafkaTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    topic_ = CreateTopic("jobs", kPartitions);
    group_ = Name("group");
  }

  std::unique_ptr<Consumer> Join(const Settings& settings = {}) {
    auto member = std::make_unique<Consumer>(bootstrap(), group_, settings);
    member->Subscribe(topic_);
    return member;
  }

  // Sends `count` records to every partition; their values are numbered on over the whole test.
  void Produce(int count) {
    Producer producer(bootstrap());
    for (int i = 0; i < count; ++i) {
      for (int partition = 0; partition < kPartitions; ++partition) {
        producer.Send(topic_, Record{.partition = partition, .value = std::to_string(sent_++)});
      }
    }
    producer.FlushWell();
  }

  // Polls the members in turn, committing every record, until `done` or out of patience.
  bool PollUntil(const std::vector<Consumer*>& members, const std::function<bool()>& done) {
    const Deadline deadline;
    while (!done()) {
      if (deadline.Passed()) return false;
      for (Consumer* member : members) {
        const std::optional<Record> record = member->Next(kTurn);
        if (!record.has_value()) continue;
        ++seen_[*record->value];
        // Refused while the group is rebalancing: the record is then somebody else's again.
        if (member->Commit(topic_, *record) == RD_KAFKA_RESP_ERR_NO_ERROR) {
          committed_[record->partition] = record->offset + 1;
        }
      }
    }
    return true;
  }

  static bool ShareEvenly(const std::vector<Consumer*>& members) {
    std::set<TopicPartition> all;
    for (Consumer* member : members) {
      const std::vector<TopicPartition> assigned = member->Assignment();
      if (assigned.size() != kPartitions / members.size()) return false;
      all.insert(assigned.begin(), assigned.end());
    }
    return all.size() == kPartitions;
  }
  bool AllSeen() const { return seen_.size() == static_cast<std::size_t>(sent_); }

  std::string topic_;
  std::string group_;
  int sent_ = 0;
  std::map<std::string, int> seen_;
  std::map<std::int32_t, std::int64_t> committed_;
};

TEST_P(KafkaConsumerGroupTest, ThreeMembersShareAndNothingIsLostWhenOneLeavesAndComesBack) {
  if (IsMock()) GTEST_SKIP() << "the mock cluster keeps the partitions of a member that left";
  const auto first = Join();
  const auto second = Join();
  auto third = Join();
  std::vector<Consumer*> all = {first.get(), second.get(), third.get()};
  ASSERT_TRUE(PollUntil(all, [&] { return ShareEvenly(all); }));
  Produce(20);
  ASSERT_TRUE(PollUntil(all, [&] { return AllSeen(); }));
  for (const auto& [value, times] : seen_) EXPECT_EQ(times, 1) << value << " came more than once";

  third->Close();
  const std::vector<Consumer*> both = {first.get(), second.get()};
  ASSERT_TRUE(PollUntil(both, [&] { return ShareEvenly(both); }));
  Produce(20);
  ASSERT_TRUE(PollUntil(both, [&] { return AllSeen(); }));

  third = Join();
  all = {first.get(), second.get(), third.get()};
  ASSERT_TRUE(PollUntil(all, [&] { return ShareEvenly(all); }));
  Produce(20);
  ASSERT_TRUE(PollUntil(all, [&] { return AllSeen(); }));

  for (int partition = 0; partition < kPartitions; ++partition) {
    EXPECT_EQ(committed_[partition], 60) << partition;
    EXPECT_EQ(first->Committed(topic_, partition), 60) << partition;
  }
}

TEST_P(KafkaConsumerGroupTest, WithMoreMembersThanPartitionsSomeWait) {
  std::vector<std::unique_ptr<Consumer>> owners;
  std::vector<Consumer*> members;
  for (int i = 0; i < kPartitions + 2; ++i) {
    owners.push_back(Join());
    members.push_back(owners.back().get());
  }
  EXPECT_TRUE(PollUntil(members, [&] {
    std::multiset<std::size_t> sizes;
    for (Consumer* member : members) sizes.insert(member->Assignment().size());
    return sizes == std::multiset<std::size_t>{0, 0, 1, 1, 1, 1, 1, 1};
  }));
}

TEST_P(KafkaConsumerGroupTest, AMemberThatDiesIsReplacedAfterItsSessionTimeout) {
  const auto alive = Join({{"session.timeout.ms", "6000"}});
  // It joins and then never polls: librdkafka leaves the group after max.poll.interval.ms.
  const auto stuck = Join({{"session.timeout.ms", "6000"}, {"max.poll.interval.ms", "6000"}});
  const std::vector<Consumer*> both = {alive.get(), stuck.get()};
  ASSERT_TRUE(PollUntil(both, [&] { return ShareEvenly(both); }));
  EXPECT_TRUE(PollUntil({alive.get()}, [&] { return alive->Assignment().size() == kPartitions; }));
}

TEST_P(KafkaConsumerGroupTest, ANewMemberResumesAtTheCommittedOffset) {
  Produce(5);
  {
    const auto member = Join();
    ASSERT_TRUE(PollUntil({member.get()}, [&] { return AllSeen(); }));
  }
  Produce(1);
  seen_.clear();
  const auto member = Join();
  ASSERT_TRUE(PollUntil({member.get()}, [&] { return seen_.size() == kPartitions; }));
  for (const auto& [value, times] : seen_) EXPECT_GE(std::stoi(value), 5 * kPartitions);
}

TEST_P(KafkaConsumerGroupTest, TwoGroupsReadIndependently) {
  Produce(3);
  const auto member = Join();
  Consumer other(bootstrap(), Name("other"));
  other.Subscribe(topic_);
  ASSERT_TRUE(PollUntil({member.get()}, [&] { return AllSeen(); }));
  EXPECT_THAT(other.Read(static_cast<std::size_t>(sent_)), SizeIs(sent_));
  EXPECT_EQ(other.Committed(topic_, 0), RD_KAFKA_OFFSET_INVALID);
  EXPECT_EQ(member->Committed(topic_, 0), 3);
}

TEST_P(KafkaConsumerGroupTest, CommittingByHandWorksWithoutMembers) {
  Produce(3);
  Consumer consumer(bootstrap(), group_);
  consumer.Assign(topic_, 2);
  const std::vector<Record> records = consumer.Read(2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(consumer.Committed(topic_, 2), RD_KAFKA_OFFSET_INVALID);
  EXPECT_EQ(consumer.Commit(topic_, records[1]), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(consumer.Committed(topic_, 2), 2);

  Consumer later(bootstrap(), group_);
  later.Assign(topic_, 2, RD_KAFKA_OFFSET_STORED);
  EXPECT_EQ(later.Next().value_or(Record{}).offset, 2);
}

TEST_P(KafkaConsumerGroupTest, StaticMembersComeBackWithoutARebalance) {
  if (IsMock()) GTEST_SKIP() << "the mock cluster does not know static members";
  const Settings first_instance = {{"group.instance.id", "first"}};
  const auto second = Join({{"group.instance.id", "second"}});
  std::vector<TopicPartition> before;
  {
    const auto first = Join(first_instance);
    const std::vector<Consumer*> both = {first.get(), second.get()};
    ASSERT_TRUE(PollUntil(both, [&] { return ShareEvenly(both); }));
    before = first->Assignment();
  }
  const auto again = Join(first_instance);
  const std::vector<Consumer*> both = {again.get(), second.get()};
  ASSERT_TRUE(PollUntil(both, [&] { return ShareEvenly(both); }));
  EXPECT_EQ(again->Assignment(), before);
}

TEST_P(KafkaConsumerGroupTest, CooperativeMembersMoveOnlyWhatTheyMust) {
  const Settings cooperative = {{"partition.assignment.strategy", "cooperative-sticky"}};
  const auto first = Join(cooperative);
  ASSERT_TRUE(PollUntil({first.get()}, [&] { return first->Assignment().size() == kPartitions; }));
  const auto second = Join(cooperative);
  const std::vector<Consumer*> both = {first.get(), second.get()};
  ASSERT_TRUE(PollUntil(both, [&] { return ShareEvenly(both); }));
  Produce(5);
  ASSERT_TRUE(PollUntil(both, [&] { return AllSeen(); }));
}

INSTANTIATE_TEST_SUITE_P(Store, KafkaConsumerGroupTest, BothStores(), StoreName);

}  // namespace
}  // namespace wherry::conformance
