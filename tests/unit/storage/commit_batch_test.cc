#include <gtest/gtest.h>

#include "storage/log_store.h"

namespace wherry::storage {
namespace {

TEST(CommitBatchTest, AbsorbKeepsTheOrderAndAddsTheSizes) {
  CommitBatch first, second;
  first.Add({.log = 1, .bytes = std::make_shared<const std::string>("abc")});
  first.Put("k", "v");
  second.Add({.log = 2, .bytes = std::make_shared<const std::string>("de")});
  second.Delete("key");
  first.Absorb(std::move(second));
  EXPECT_EQ(first.size_bytes(), 3u + 2u + 2u + 3u);
  ASSERT_EQ(first.appends().size(), 2u);
  EXPECT_EQ(first.appends()[1].log, 2u);
  ASSERT_EQ(first.key_changes().size(), 2u);
  EXPECT_EQ(first.key_changes()[0].value, "v");
  EXPECT_EQ(first.key_changes()[1].value, std::nullopt);
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(second.size_bytes(), 0u);
}

}  // namespace
}  // namespace wherry::storage
