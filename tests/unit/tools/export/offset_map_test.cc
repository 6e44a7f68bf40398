#include "tools/export/offset_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::exporting {
namespace {

using Piece = OffsetMap::Run;
using testing::ElementsAre;

OffsetMap MapOf(std::initializer_list<std::int64_t> sources, std::int64_t target = 0) {
  OffsetMap map;
  for (const std::int64_t source : sources) map.Add(source, target++);
  return map;
}

TEST(OffsetMap, JoinsWhatFollowsOneAnother) {
  EXPECT_THAT(MapOf({0, 1, 2, 5, 6}).runs(), ElementsAre(Piece{0, 0, 3}, Piece{5, 3, 2}));
}

TEST(OffsetMap, FindsTheRecordOrTheNextOne) {
  const OffsetMap map = MapOf({10, 11, 12, 15, 16}, 100);
  EXPECT_EQ(map.Translate(10, 0), 100);
  EXPECT_EQ(map.Translate(12, 0), 102);
  EXPECT_EQ(map.Translate(13, 0), 103) << "in a gap: the next that there is";
  EXPECT_EQ(map.Translate(14, 0), 103);
  EXPECT_EQ(map.Translate(15, 0), 103);
  EXPECT_EQ(map.Translate(16, 0), 104);
  EXPECT_EQ(map.Translate(17, 0), 105) << "everything is read";
  EXPECT_EQ(map.Translate(99, 0), 105);
  EXPECT_EQ(map.Translate(3, 0), 100) << "what it had read is gone";
}

TEST(OffsetMap, KnowsTheStartOfWhatIsEmpty) { EXPECT_EQ(OffsetMap().Translate(7, 3), 3); }

TEST(OffsetMap, IsNeverTooLateWhenItThins) {
  OffsetMap map(8);
  for (std::int64_t target = 0; target < 1000; ++target) map.Add(target * 2, target);
  EXPECT_LE(map.runs().size(), 8u);
  for (std::int64_t target = 0; target < 1000; ++target) {
    EXPECT_LE(map.Translate(target * 2, 0), target);
  }
  EXPECT_EQ(map.Translate(2000, 0), 1000) << "who has read everything reads nothing twice";
}

}  // namespace
}  // namespace wherry::exporting
