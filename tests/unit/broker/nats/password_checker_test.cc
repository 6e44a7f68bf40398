#include "broker/nats/password_checker.h"

#include <future>

#include "tests/unit/broker/core/shard_fixture.h"

namespace wherry::nats {
namespace {

constexpr char kHashOfS3cret[] = "$2a$04$.Cc/sXqAuZ68WFdnu5fKvurg13Zojq4ktuHqS/0JA1LPtxJfmeZD6";

class PasswordCheckerTest : public core::ShardFixture {
 protected:
  // The thread ends before the shard, as in the broker.
  ~PasswordCheckerTest() override { thread_.Stop(); }

  core::BackgroundThread thread_;
  PasswordChecker checker_{thread_};
  std::unique_ptr<PasswordChecker::Pending> pending_;
};

TEST_F(PasswordCheckerTest, AnswersOnTheShardThatAsked) {
  for (const bool right : {true, false}) {
    bool answered = false, matches = !right, at_home = false;
    On([&] {
      pending_ = checker_.Start({right ? "s3cret" : "wrong", kHashOfS3cret}, shard_, [&](bool m) {
        answered = true;
        matches = m;
        at_home = shard_.OnThisThread();
      });
      EXPECT_NE(pending_, nullptr);
      EXPECT_FALSE(answered) << "never inside the call";
    });
    ASSERT_TRUE(Await([&] { return answered; }));
    EXPECT_EQ(matches, right);
    EXPECT_TRUE(at_home);
  }
}

TEST_F(PasswordCheckerTest, WhatIsCalledOffIsNotAnswered) {
  std::promise<void> running, go_on;
  thread_.Run([&] {
    running.set_value();
    go_on.get_future().wait();
  });
  running.get_future().wait();
  auto owned = std::make_shared<int>(0);
  On([&] {
    pending_ = checker_.Start({"s3cret", kHashOfS3cret}, shard_,
                              [owned](bool) { ADD_FAILURE() << "called off"; });
    pending_.reset();
  });
  go_on.set_value();
  EXPECT_TRUE(Await([&] { return owned.use_count() == 1; })) << "destroyed, not called";
}

TEST_F(PasswordCheckerTest, TooManyAreTurnedAway) {
  std::promise<void> running, go_on;
  thread_.Run([&] {
    running.set_value();
    go_on.get_future().wait();
  });
  running.get_future().wait();
  std::vector<std::unique_ptr<PasswordChecker::Pending>> all;
  for (std::size_t i = 0; i < PasswordChecker::kMaxWaiting; ++i) {
    all.push_back(checker_.Start({"s3cret", kHashOfS3cret}, shard_, [](bool) {}));
    ASSERT_NE(all.back(), nullptr);
  }
  EXPECT_EQ(checker_.Start({"s3cret", kHashOfS3cret}, shard_, [](bool) {}), nullptr);
  all.clear();
  go_on.set_value();
  thread_.Stop();  // while `go_on` is there
}

TEST_F(PasswordCheckerTest, AfterStopNobodyIsChecked) {
  thread_.Stop();
  EXPECT_EQ(checker_.Start({"s3cret", kHashOfS3cret}, shard_, [](bool) {}), nullptr);
}

}  // namespace
}  // namespace wherry::nats
