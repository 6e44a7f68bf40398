#include "broker/kafka/leadership.h"

#include <gmock/gmock.h>

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// Epochs 0 from 0 on, 1 from 10, 2 from 25.
Leadership Moved() {
  Leadership leadership;
  leadership.replicas = {1, 2};
  leadership.Begin(2, 10, 0);
  leadership.Begin(1, 25, 0);
  return leadership;
}

TEST(LeadershipTest, EachLeaderBeginsTheNextEpoch) {
  const Leadership moved = Moved();
  EXPECT_EQ(moved.leader, 1);
  EXPECT_EQ(moved.epoch(), 2);
  EXPECT_THAT(moved.epochs, ElementsAre(EpochStart{0, 0}, EpochStart{1, 10}, EpochStart{2, 25}));
}

TEST(LeadershipTest, ARecordIsOfTheLeaderThatWroteIt) {
  const Leadership moved = Moved();
  EXPECT_EQ(moved.EpochAt(0), 0);
  EXPECT_EQ(moved.EpochAt(9), 0);
  EXPECT_EQ(moved.EpochAt(10), 1);
  EXPECT_EQ(moved.EpochAt(25), 2);
  EXPECT_EQ(moved.EpochAt(1000), 2);
}

TEST(LeadershipTest, AnEpochEndsWhereTheNextBegins) {
  const Leadership moved = Moved();
  EXPECT_EQ(moved.EndOf(0, 40), (EpochEnd{0, 10}));
  EXPECT_EQ(moved.EndOf(1, 40), (EpochEnd{1, 25}));
  EXPECT_EQ(moved.EndOf(2, 40), (EpochEnd{2, 40}));
  EXPECT_EQ(moved.EndOf(3, 40), EpochEnd());
  EXPECT_EQ(moved.EndOf(-1, 40), EpochEnd());
}

TEST(LeadershipTest, AnEpochThatWroteNothingEndsWithTheOneBefore) {
  Leadership leadership = Moved();
  leadership.Begin(2, 25, 0);
  leadership.Begin(1, 30, 0);
  EXPECT_EQ(leadership.epoch(), 4);
  EXPECT_THAT(leadership.epochs, ElementsAre(EpochStart{0, 0}, EpochStart{1, 10},
                                             EpochStart{3, 25}, EpochStart{4, 30}));
  EXPECT_EQ(leadership.EndOf(2, 40), (EpochEnd{1, 25}));
}

TEST(LeadershipTest, OfRecordsThatAreGoneNoEpochIsKept) {
  Leadership leadership = Moved();
  leadership.Begin(2, 40, 30);
  EXPECT_THAT(leadership.epochs, ElementsAre(EpochStart{2, 25}, EpochStart{3, 40}));
  EXPECT_EQ(leadership.EndOf(0, 50), (EpochEnd{0, 25}));
}

TEST(LeadershipTest, NoMoreEpochsAreKeptThanThereIsRoomFor) {
  Leadership leadership;
  for (std::int64_t i = 1; i <= 3000; ++i) leadership.Begin(1, i, 0);
  EXPECT_THAT(leadership.epochs, SizeIs(Leadership::kMaxEpochs));
  EXPECT_EQ(leadership.epoch(), 3000);
}

}  // namespace
}  // namespace wherry::kafka
