#include "tools/export/progress.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::exporting {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string pattern = testing::TempDir() + "wherry-export-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~StateFileTest() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "state.json").string(); }

  std::filesystem::path folder_;
};

TEST_F(StateFileTest, BeginsWithNothing) {
  const StatusOr<Progress> progress = StateFile(path(), "a", "b").Load();
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_THAT(*progress, IsEmpty());
}

TEST_F(StateFileTest, ReadsWhatItWrote) {
  Progress progress;
  PartitionProgress& partition = progress[{"orders", 3}];
  partition.source_start = 5;
  partition.target_start = partition.target_next = 2;
  for (const std::int64_t offset : {5, 6, 9}) partition.Copied(offset);
  progress[{"orders", 4}];
  const StateFile file(path(), "a", "b");
  ASSERT_EQ(file.Save(progress), Status());

  const StatusOr<Progress> read = file.Load();
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  const PartitionProgress& again = read->at({"orders", 3});
  EXPECT_EQ(again.source_start, 5);
  EXPECT_EQ(again.source_next, 10);
  EXPECT_EQ(again.target_start, 2);
  EXPECT_EQ(again.target_next, 5);
  EXPECT_EQ(again.offsets.runs(), partition.offsets.runs());
}

TEST_F(StateFileTest, IsOfTwoClusters) {
  ASSERT_EQ(StateFile(path(), "a", "b").Save({}), Status());
  const StatusOr<Progress> other = StateFile(path(), "a", "c").Load();
  EXPECT_EQ(other.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(other.status().message(), HasSubstr("from cluster a to b"));
}

TEST_F(StateFileTest, SaysWhatItCannotRead) {
  for (const char* text : {"", "{", "[]", R"({"version":1,"source":"a","target":"b"})",
                           R"({"version":1,"source":"a","target":"b","topics":{"t":[{}]}})"}) {
    std::ofstream(path()) << text;
    const StatusOr<Progress> progress = StateFile(path(), "a", "b").Load();
    EXPECT_EQ(progress.status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST_F(StateFileTest, SaysWhereItCannotWrite) {
  const Status status = StateFile((folder_ / "no" / "state.json").string(), "a", "b").Save({});
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("state.json"));
}

}  // namespace
}  // namespace wherry::exporting
