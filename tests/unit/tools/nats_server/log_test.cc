#include "tools/nats_server/log.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tools/server_process.h"

namespace wherry::nats_server {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Log> Open(LogSettings settings) {
    settings.file = file_;
    return Log::Open(settings).value();
  }
  std::string Content() const {
    std::ifstream in(file_);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename().string());
    return names;
  }

  const std::string folder_ = server::MakeFolder();
  const std::string file_ = folder_ + "/n.log";
};

TEST_F(LogTest, LinesHaveNatsServersForm) {
  Open({})->Info("Server is ready");
  EXPECT_TRUE(std::regex_match(
      Content(),
      std::regex(R"(\[\d+\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[INF\] Server is ready\n)")))
      << Content();
}

TEST_F(LogTest, LevelsHaveTheirLabels) {
  LogSettings settings;
  settings.times = false;
  const std::unique_ptr<Log> log = Open(settings);
  log->Write(LogLevel::kError, "e");
  log->Write(LogLevel::kWarning, "w");
  log->Write(LogLevel::kDebug, "d");
  log->Write(LogLevel::kTrace, "t");
  log->Fatal("f");
  EXPECT_TRUE(std::regex_match(
      Content(), std::regex(R"(\[\d+\] \[ERR\] e\n\[\d+\] \[WRN\] w\n\[\d+\] \[FTL\] f\n)")))
      << Content();
  settings.debug = settings.trace = true;
  const std::unique_ptr<Log> all = Open(settings);
  all->Write(LogLevel::kDebug, "d");
  all->Write(LogLevel::kTrace, "t");
  EXPECT_THAT(Content(), HasSubstr("[DBG] d\n"));
  EXPECT_THAT(Content(), HasSubstr("[TRC] t\n"));
}

TEST_F(LogTest, ReopensAFileThatWasMoved) {
  const std::unique_ptr<Log> log = Open({});
  log->Info("before");
  fs::rename(file_, file_ + ".old");
  ASSERT_TRUE(log->Reopen().ok());
  log->Info("after");
  EXPECT_THAT(Content(), HasSubstr("after"));
  EXPECT_THAT(Content(), Not(HasSubstr("before")));
}

TEST_F(LogTest, PutsLargeFilesAsideAndRemovesTheOldest) {
  LogSettings settings;
  settings.size_limit = 100;
  settings.max_files = 3;
  const std::unique_ptr<Log> log = Open(settings);
  for (int i = 0; i < 20; ++i)
    log->Info("a line of some length, so that the file grows " + std::to_string(i));
  EXPECT_THAT(Files(), SizeIs(3));
  EXPECT_THAT(Content(), HasSubstr("Rotated log, backup saved as"));
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAnError) {
  LogSettings settings;
  settings.file = folder_ + "/none/x";
  const StatusOr<std::unique_ptr<Log>> log = Log::Open(settings);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.status().message(), "open " + settings.file + ": no such file or directory");
}

}  // namespace
}  // namespace wherry::nats_server
