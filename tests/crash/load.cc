#include "tests/crash/load.h"

#include <optional>

#include <gtest/gtest.h>

#include "tests/crash/fetched_log.h"
#include "tests/crash/kafka_caller.h"
#include "tests/crash/write_record.h"

namespace wherry::crash {

namespace {

constexpr std::size_t kValueSize = 700;

std::string TopicOf(int producer) { return "load-" + std::to_string(producer); }

}  // namespace

Load::Load(Crashable& server, int producers)
    : server_(server), written_(static_cast<std::size_t>(producers)) {
  for (int i = 0; i < producers; ++i) threads_.emplace_back([this, i] { Produce(i); });
}

Load::~Load() { Stop(); }

void Load::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::Crash() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    up_ = false;
  }
  server_.Crash();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    up_ = true;
    ++crashes_;
  }
  changed_.notify_all();
}

void Load::Produce(int number) {
  KafkaCaller caller(server_.address());
  std::map<std::int64_t, std::string>& written = written_[static_cast<std::size_t>(number)];
  int crashes = 0;
  for (int i = 0;; ++i) {
    {
      // Who connects does so while nothing crashes.
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return up_ || stopping_; });
      if (stopping_) return;
      crashes = crashes_;
      caller.Connect();
    }
    const std::string value =
        std::to_string(number) + "-" + std::to_string(i) + std::string(kValueSize, '.');
    const std::optional<std::int64_t> offset = WriteRecord(caller, TopicOf(number), value);
    if (!offset.has_value()) {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return crashes_ != crashes || stopping_; });
      continue;
    }
    written[*offset] = value;
    ++acknowledged_;
  }
}

void Load::StopAndCheck() {
  Stop();
  KafkaCaller caller(server_.address());
  for (int i = 0; i < static_cast<int>(written_.size()); ++i) {
    const FetchedLog log = FetchedLog::Fetch(caller, TopicOf(i), 0, false);
    EXPECT_EQ(log.error, 0);
    const std::map<std::int64_t, std::string> there(log.entries.begin(), log.entries.end());
    const auto& written = written_[static_cast<std::size_t>(i)];
    EXPECT_FALSE(written.empty());
    for (const auto& [offset, value] : written) {
      const auto found = there.find(offset);
      ASSERT_NE(found, there.end()) << TopicOf(i) << " has lost offset " << offset;
      ASSERT_EQ(found->second, value) << TopicOf(i) << " at offset " << offset;
    }
  }
}

}  // namespace wherry::crash
