#include "storage/disk_log_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/support/flip_byte.h"
#include "tests/unit/storage/store_makers.h"

namespace wherry::storage {
namespace {

using ::testing::HasSubstr;

constexpr int kBatches = 200;

std::string Payload(int i) { return "batch " + std::to_string(i) + std::string(500, 'x'); }

absl::Status AppendNumbered(LogStore& store, LogId log, int i) {
  CommitBatch batch;
  batch.Add({log, i, i, i, BytesOf(Payload(i))});
  return store.Commit(batch, Durability::kKernel);
}

// Writes in a process that is killed, without any clean-up, once it has reported its last commit.
void WriteAndDie(const std::string& directory) {
  int reported[2];
  ASSERT_EQ(::pipe(reported), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = OpenDiskLogStore(directory);
    if (!store.ok()) ::_exit(1);
    const LogId log = (*store)->CreateLog().value();
    for (int i = 0; i < kBatches; ++i) {
      if (!AppendNumbered(**store, log, i).ok()) ::_exit(1);
    }
    static_cast<void>(::write(reported[1], "x", 1));
    ::pause();
  }
  ::close(reported[1]);
  char byte = 0;
  EXPECT_EQ(::read(reported[0], &byte, 1), 1);
  ::close(reported[0]);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
}

TEST(DiskLogStore, LosesNothingThatTheKernelHadWhenTheProcessIsKilled) {
  const TestFolder folder;
  WriteAndDie(folder.path());
  const auto store = OpenDiskLogStore(folder.path()).value();
  const std::vector<LogId> logs = store->Logs();
  ASSERT_EQ(logs.size(), 1u);
  const auto batches = store->Read(logs[0], 0, {.max_bytes = 1 << 30}).value();
  ASSERT_EQ(batches.size(), static_cast<std::size_t>(kBatches));
  for (int i = 0; i < kBatches; ++i) {
    EXPECT_EQ(*batches[static_cast<std::size_t>(i)].bytes, Payload(i));
  }
}

TEST(DiskLogStore, ReportsAFlippedByteInsteadOfLosingWhatFollows) {
  const TestFolder folder;
  WriteAndDie(folder.path());
  const std::string journal = folder.path() + "/journal/000001.journal";
  conformance::FlipByte(journal, std::filesystem::file_size(journal) / 2, 0x40);
  const auto store = OpenDiskLogStore(folder.path());
  ASSERT_EQ(store.status().code(), absl::StatusCode::kDataLoss) << store.status();
  EXPECT_THAT(std::string(store.status().message()), HasSubstr(folder.path()));
}

TEST(DiskLogStore, RefusesADirectoryThatIsInUse) {
  const TestFolder folder;
  const auto first = OpenDiskLogStore(folder.path()).value();
  const auto second = OpenDiskLogStore(folder.path());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable) << second.status();
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use by another process"));
}

TEST(DiskLogStore, RefusesADirectoryThatCannotBe) {
  const TestFolder folder;
  std::ofstream(folder.path() + "/file") << "in the way";
  const auto store = OpenDiskLogStore(folder.path() + "/file/below");
  EXPECT_EQ(store.status().code(), absl::StatusCode::kPermissionDenied) << store.status();
}

}  // namespace
}  // namespace wherry::storage
