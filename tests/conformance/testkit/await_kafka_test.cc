// Waiting for stock Kafka clients without sleeping.
#include <atomic>
#include <future>
#include <thread>

#include "tests/conformance/testkit/testkit_test.h"

namespace wherry::conformance {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr milliseconds kShort{50};

class AwaitKafkaTest : public TestkitTest {
 protected:
  Options options() const override { return {}; }
  void SetUp() override {
    TestkitTest::SetUp();
    ASSERT_TRUE(kafka().CreateTopic("orders", 2).ok());
  }

  // A consumer of an application, which polls and commits in a thread of its own.
  class Worker {
   public:
    Worker(const std::string& bootstrap, const std::string& id, bool commits = true)
        : consumer_(bootstrap, "g", {{"client.id", id}}) {
      consumer_.Subscribe("orders");
      thread_ = std::thread([this, commits] {
        while (!stop_) {
          const std::optional<Record> record = consumer_.Next(milliseconds(10));
          if (!record.has_value()) continue;
          ++seen_;
          if (commits) static_cast<void>(consumer_.Commit("orders", *record));
        }
        consumer_.Close();
      });
    }
    ~Worker() {
      stop_ = true;
      thread_.join();
    }
    int seen() const { return seen_; }

   private:
    std::atomic<bool> stop_ = false;
    std::atomic<int> seen_ = 0;
    Consumer consumer_;
    std::thread thread_;
  };

  void Produce(int count) {
    Producer producer(bootstrap());
    for (int i = 0; i < count; ++i) {
      producer.Send("orders", Record{.partition = i % 2, .value = "v" + std::to_string(i)});
    }
    producer.FlushWell();
  }
  std::string Seen(const Condition& condition) {
    const Status status = broker().Await(condition, kShort);
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
    return status.message();
  }
};

TEST_F(AwaitKafkaTest, AGroupThatFormsWorksAndGoes) {
  auto formed = std::async(std::launch::async, [this] {
    return broker().Await(GroupStable("g", 2), kPatience);
  });
  auto first = std::make_unique<Worker>(bootstrap(), "first");
  EXPECT_TRUE(broker().Await(GroupStable("g"), kPatience).ok());
  auto second = std::make_unique<Worker>(bootstrap(), "second");
  EXPECT_TRUE(formed.get().ok());
  EXPECT_THAT(Seen(GroupStable("g", 3)),
              AllOf(HasSubstr("waited 50 ms for group \"g\" to be stable with 3 members: it is "
                              "Stable with 2 members (first-"),
                    HasSubstr(", second-")));
  EXPECT_THAT(Seen(GroupEmpty("g")), HasSubstr("group \"g\" to be empty: it is Stable"));

  Produce(100);
  EXPECT_TRUE(broker().Await(RecordCount("orders", 100), kPatience).ok());
  EXPECT_TRUE(broker().Await(Consumed("orders", "g"), kPatience).ok());
  EXPECT_EQ(first->seen() + second->seen(), 100);
  EXPECT_TRUE(broker().AwaitIdle(kPatience).ok());

  first.reset();
  second.reset();
  EXPECT_TRUE(broker().Await(GroupEmpty("g"), kPatience).ok());
  EXPECT_TRUE(broker().Await(Connections("kafka", 0), kPatience).ok());
}

TEST_F(AwaitKafkaTest, IdleMeansThatGroupsHaveCommitted) {
  const Worker worker(bootstrap(), "worker");
  ASSERT_TRUE(broker().Await(GroupStable("g"), kPatience).ok());
  for (int round = 1; round <= 5; ++round) {
    Produce(50);
    EXPECT_TRUE(broker().AwaitIdle(kPatience).ok());
    EXPECT_EQ(worker.seen(), 50 * round);
    const auto committed = kafka().CommittedOffsets("g").value();
    EXPECT_EQ(committed.at({"orders", 0}) + committed.at({"orders", 1}), 50 * round);
  }
}

TEST_F(AwaitKafkaTest, WhatIsPendingIsListed) {
  const Worker worker(bootstrap(), "worker", /*commits=*/false);
  ASSERT_TRUE(broker().Await(GroupStable("g"), kPatience).ok());
  ASSERT_TRUE(broker().AwaitIdle(kPatience).ok());
  Produce(6);
  const Status status = broker().AwaitIdle(kShort);
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("\n  group \"g\" has committed nothing of 3 in partition 0 of topic "
                              "\"orders\"; member worker-"),
                    HasSubstr("nothing of 3 in partition 1 of topic")));
  EXPECT_THAT(Seen(Consumed("orders", "g")), HasSubstr("it has committed nothing of 3 in partition "
                                                       "0, nothing of 3 in partition 1"));
}

TEST_F(AwaitKafkaTest, ConsumersThatAssignThemselvesAreNotWaitedFor) {
  Produce(2);
  Consumer consumer(bootstrap(), "by-hand");
  consumer.Assign("orders", 0);
  const std::optional<Record> record = consumer.Next();
  ASSERT_TRUE(record.has_value());
  EXPECT_TRUE(broker().AwaitIdle(kPatience).ok());
  EXPECT_EQ(consumer.Commit("orders", *record), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_THAT(Seen(Consumed("orders", "by-hand")), HasSubstr("nothing of 1 in partition 1"));
}

}  // namespace
}  // namespace wherry::conformance
