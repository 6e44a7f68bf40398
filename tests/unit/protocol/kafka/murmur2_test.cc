#include "protocol/kafka/murmur2.h"

#include <set>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wherry::kafka {
namespace {

TEST(Murmur2Test, AgreesWithTheJavaClient) {
  const struct {
    std::string_view key;
    std::int32_t hash;
  } vectors[] = {{"21", -973932308},
                 {"foobar", -790332482},
                 {"a-little-bit-long-string", -985981536},
                 {"a-little-bit-longer-string", -1486304829},
                 {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                 {"abc", 479470107}};
  for (const auto& [key, hash] : vectors) {
    EXPECT_EQ(static_cast<std::int32_t>(Murmur2(key)), hash) << key;
  }
}

TEST(Murmur2Test, ANegativeHashLosesItsSignBitAndNothingElse) {
  EXPECT_EQ(PartitionForKey("21", 10), 1173551340 % 10);
  EXPECT_EQ(PartitionForKey("21", 7), 1173551340 % 7);
  EXPECT_EQ(PartitionForKey("abc", 7), 479470107 % 7);
}

TEST(Murmur2Test, NoPartitionsIsNoCrash) {
  EXPECT_EQ(PartitionForKey("abc", 0), 0);
  EXPECT_EQ(PartitionForKey("abc", -3), 0);
}

RC_GTEST_PROP(Murmur2Test, EveryKeyHasAPartition, (const std::string& key)) {
  const int partitions = *rc::gen::inRange(1, 1000);
  const std::int32_t partition = PartitionForKey(key, partitions);
  RC_ASSERT(partition >= 0);
  RC_ASSERT(partition < partitions);
}

TEST(Murmur2Test, KeysSpreadOverAllPartitions) {
  std::set<std::int32_t> hit;
  for (int i = 0; i < 1000; ++i) hit.insert(PartitionForKey("key-" + std::to_string(i), 16));
  EXPECT_EQ(hit.size(), 16u);
}

}  // namespace
}  // namespace wherry::kafka
