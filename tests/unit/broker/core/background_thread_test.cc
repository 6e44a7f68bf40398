#include "broker/core/background_thread.h"

#include <future>
#include <memory>
#include <vector>

#include <gmock/gmock.h>

namespace wherry::core {
namespace {

using ::testing::ElementsAre;

TEST(BackgroundThreadTest, RunsTasksInOrderElsewhere) {
  BackgroundThread reader;
  std::vector<int> order;
  std::promise<std::thread::id> done;
  for (int i = 0; i < 3; ++i) {
    reader.Run([&order, i] { order.push_back(i); });
  }
  reader.Run([&done] { done.set_value(std::this_thread::get_id()); });
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(BackgroundThreadTest, StopFinishesTheTaskUnderWayAndDropsTheOthers) {
  BackgroundThread reader;
  std::promise<void> running, go_on;
  bool finished = false;
  reader.Run([&] {
    running.set_value();
    go_on.get_future().wait();
    finished = true;
  });
  running.get_future().wait();
  auto owned = std::make_shared<int>(0);
  reader.Run([owned] { EXPECT_NE(owned, nullptr); });
  auto stopping = std::async(std::launch::async, [&reader] { reader.Stop(); });
  go_on.set_value();
  stopping.get();
  EXPECT_TRUE(finished);
  EXPECT_EQ(owned.use_count(), 1) << "run or dropped, it is destroyed";
  reader.Stop();
  reader.Run([&] { ADD_FAILURE() << "after Stop"; });
}

TEST(BackgroundThreadTest, ATaskMayAskForAnother) {
  BackgroundThread reader;
  std::promise<void> done;
  reader.Run([&] { reader.Run([&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST(BackgroundThreadTest, NoMoreThanTheLimitWait) {
  BackgroundThread thread;
  std::promise<void> running, go_on;
  ASSERT_TRUE(thread.TryRun(1, [&] {
    running.set_value();
    go_on.get_future().wait();
  }));
  running.get_future().wait();
  std::promise<void> last;
  EXPECT_TRUE(thread.TryRun(2, [] {})) << "the one under way does not wait";
  EXPECT_TRUE(thread.TryRun(2, [&] { last.set_value(); }));
  EXPECT_FALSE(thread.TryRun(2, [] { ADD_FAILURE() << "beyond the limit"; }));
  go_on.set_value();
  last.get_future().wait();
  EXPECT_TRUE(thread.TryRun(1, [] {})) << "there is room again";
  thread.Stop();
  EXPECT_FALSE(thread.TryRun(1, [] { ADD_FAILURE() << "after Stop"; }));
}

}  // namespace
}  // namespace wherry::core
