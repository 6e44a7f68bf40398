// Single bytes of a data directory that flip. WHERRY_FLIPS says how many, WHERRY_SEED the first.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "storage/disk_log_store.h"
#include "tests/conformance/support/flip_byte.h"
#include "tests/conformance/support/temp_folder.h"
#include "tests/crash/environment_number.h"
#include "tests/crash/fetched_log.h"
#include "tests/crash/write_record.h"
#include "wherry/broker.h"

namespace wherry::crash {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kTopic[] = "kept";
constexpr std::size_t kRecords = 40;  // that are sealed, and as many that are not
// The latter are kept in the journal.
constexpr std::size_t kSmall = 2000, kLarge = 20'000;

class Damage : public testing::Test {
 protected:
  // Half of the records are sealed, small ones into tables and the large ones where they are.
  void SetUp() override {
    for (int start = 0; start < 2; ++start) {
      if (start == 1) {
        ASSERT_TRUE(storage::OpenDiskLogStore(whole_).value()->Seal().ok());
      }
      StatusOr<Broker> broker = Broker::Start({.data_dir = whole_});
      ASSERT_TRUE(broker.ok()) << broker.status();
      KafkaCaller caller(broker->Address("kafka"));
      for (std::size_t i = 0; i < kRecords; ++i) {
        const std::string value = "v" + std::to_string(written_.size()) +
                                  std::string(i % 4 == 0 ? kLarge : kSmall, 'x');
        ASSERT_TRUE(WriteRecord(caller, kTopic, value).has_value());
        written_.push_back(value);
      }
    }
    for (const auto& entry : fs::recursive_directory_iterator(whole_)) {
      if (entry.is_regular_file() && entry.file_size() > 0) {
        files_.push_back(fs::relative(entry.path(), whole_).string());
      }
    }
    std::sort(files_.begin(), files_.end());
  }

  // A copy of the directory with one other byte.
  std::string Flipped(const std::string& file, std::uint64_t position, char with) {
    fs::remove_all(damaged_);
    fs::copy(whole_, damaged_, fs::copy_options::recursive);
    conformance::FlipByte(damaged_ + "/" + file, position, with);
    return damaged_;
  }

  // Starts on it and reads everything: what is served is right, and what is not served is missed
  // aloud, but for the last record of the journal.
  void ReadAll(const std::string& directory, const std::string& path) {
    const std::string file = fs::path(path).filename().string();
    std::mutex mutex;
    std::string said;
    Options options{.data_dir = directory};
    options.log = [&](LogLevel, std::string_view line) {
      const std::lock_guard<std::mutex> lock(mutex);
      said.append(line).append("\n");
    };
    StatusOr<Broker> broker = Broker::Start(options);
    if (!broker.ok()) {
      ++refused_;
      EXPECT_EQ(broker.status().code(), StatusCode::kDataLoss) << broker.status();
      EXPECT_THAT(broker.status().message(), HasSubstr("damage"));
      if (file.ends_with(".journal")) {
        EXPECT_THAT(broker.status().message(), HasSubstr(file));
      }
      return;
    }
    KafkaCaller caller(broker->Address("kafka"));
    const FetchedLog log = FetchedLog::Fetch(caller, kTopic, 0, false);
    for (const auto& [offset, value] : log.entries) {
      ASSERT_LT(static_cast<std::size_t>(offset), written_.size());
      EXPECT_EQ(value, written_[static_cast<std::size_t>(offset)]) << "altered: " << offset;
    }
    if (log.error != 0) {
      ++missed_;
      const std::lock_guard<std::mutex> lock(mutex);
      EXPECT_THAT(said, AllOf(HasSubstr("partition 0 of topic 'kept' from offset"),
                              HasSubstr(file)))
          << "error " << log.error;
      return;
    }
    EXPECT_GE(log.entries.size() + 1, written_.size()) << "records are missing, and nobody says so";
    ++served_;
  }

  conformance::TempFolder folder_;
  const std::string whole_ = folder_.File("whole");
  const std::string damaged_ = folder_.File("damaged");
  std::vector<std::string> files_;
  std::vector<std::string> written_;
  int refused_ = 0, missed_ = 0, served_ = 0;
};

TEST_F(Damage, IsNeverServed) {
  std::mt19937 random(static_cast<std::uint32_t>(NumberFrom("WHERRY_SEED", 1)));
  const int flips = NumberFrom("WHERRY_FLIPS", 60);
  for (int i = 0; i < flips && !HasFailure(); ++i) {
    const std::string& file = files_[random() % files_.size()];
    const std::uint64_t position = random() % fs::file_size(whole_ + "/" + file);
    const char with = static_cast<char>(1 + random() % 255);
    SCOPED_TRACE(file + " at " + std::to_string(position) + " flipped by " +
                 std::to_string(static_cast<unsigned char>(with)));
    ReadAll(Flipped(file, position, with), file);
  }
  std::cout << flips << " flips: " << refused_ << " times the start was refused, " << missed_
            << " times a read, " << served_ << " times nothing was hurt\n";
  EXPECT_GT(refused_ + missed_, flips / 10);
}

}  // namespace
}  // namespace wherry::crash
