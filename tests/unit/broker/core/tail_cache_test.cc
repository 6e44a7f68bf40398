#include "broker/core/tail_cache.h"

#include <gmock/gmock.h>

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

storage::Batch BatchAt(std::int64_t offset, std::size_t size) {
  return {offset, offset, -1, std::make_shared<const std::string>(size, 'x')};
}

std::vector<std::int64_t> OffsetsOf(const Tail& tail) {
  std::vector<std::int64_t> offsets;
  for (const storage::Batch& batch : tail.batches) offsets.push_back(batch.base_offset);
  return offsets;
}

TEST(TailCacheTest, WhatWasAddedFirstLeavesFirstWhosesoeverItIs) {
  TailCache cache(30);
  const auto red = std::make_shared<Tail>();
  const auto blue = std::make_shared<Tail>();
  cache.Add(red, BatchAt(0, 10));
  cache.Add(blue, BatchAt(0, 10));
  cache.Add(red, BatchAt(1, 10));
  EXPECT_EQ(cache.bytes(), 30u);
  cache.Add(red, BatchAt(2, 10));
  EXPECT_THAT(OffsetsOf(*red), ElementsAre(1, 2));
  EXPECT_THAT(OffsetsOf(*blue), ElementsAre(0));
  cache.Add(blue, BatchAt(1, 15));
  EXPECT_THAT(OffsetsOf(*red), ElementsAre(2));
  EXPECT_THAT(OffsetsOf(*blue), ElementsAre(1));
  EXPECT_EQ(cache.bytes(), 25u);
}

TEST(TailCacheTest, ABatchThatIsTooLargeIsNotKept) {
  TailCache cache(30);
  const auto tail = std::make_shared<Tail>();
  cache.Add(tail, BatchAt(0, 10));
  cache.Add(tail, BatchAt(1, 31));
  EXPECT_THAT(OffsetsOf(*tail), IsEmpty());
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(TailCacheTest, ATailThatIsGoneTakesNoRoomForLong) {
  TailCache cache(30);
  auto gone = std::make_shared<Tail>();
  cache.Add(gone, BatchAt(0, 20));
  gone.reset();
  const auto tail = std::make_shared<Tail>();
  cache.Add(tail, BatchAt(0, 20));
  EXPECT_THAT(OffsetsOf(*tail), ElementsAre(0));
  EXPECT_EQ(cache.bytes(), 20u);
}

}  // namespace
}  // namespace wherry::core
