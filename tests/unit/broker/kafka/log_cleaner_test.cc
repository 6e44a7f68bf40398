// Retention and compaction as a cluster does them by itself, by a clock that the test moves.
#include <gmock/gmock.h>

#include "broker/runtime/virtual_clock.h"
#include "tests/unit/broker/core/shard_fixture.h"
#include "broker/kafka/cluster.h"
#include "storage/fault_log_store.h"
#include "storage/memory_log_store.h"

namespace wherry::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A cluster of one topic "t" over either store. Threads: the test's. Owned by GoogleTest.
class LogCleanerTest : public core::ShardFixtureWith<runtime::VirtualClock>,
                       public ::testing::WithParamInterface<bool> {
 protected:
  LogCleanerTest() {
    if (GetParam()) {
      store_ = std::make_unique<storage::FaultLogStore>();
    } else {
      store_ = std::make_unique<storage::MemoryLogStore>();
    }
    budget_ = std::make_unique<core::MemoryBudget>(*store_, 0);
    Open();
  }
  ~LogCleanerTest() override {
    Close();
    shard_.Stop();
  }

  void Open() {
    commits_ = std::make_unique<core::CommitQueue>(*store_, core::SyncPolicy::kCommit, shard_);
    commits_->Start();
    reader_ = std::make_unique<core::BackgroundThread>();
    On([this] {
      cluster_ = Cluster::Open({"default"}, {},
                               {*store_, *commits_, *reader_, *budget_, tails_, shard_, nullptr})
                     .value();
    });
  }
  // What is on its way to the store refers to the cluster, so that goes last.
  void Close() {
    On([this] { cluster_->BeforeStop(); });
    commits_->Stop();
    reader_->Stop();
    Settle();
    On([this] { cluster_.reset(); });
    commits_.reset();
  }
  void Restart() {
    Close();
    Open();
  }
  void CreateTopic(ConfigOverrides configs) {
    On([&] {
      ASSERT_TRUE(
          cluster_->topics().Create("t", 1, std::move(configs), [](const absl::Status&) {}).ok());
    });
  }
  core::Partition& partition() { return *cluster_->topics().Find("t")->partitions[0]; }

  std::int64_t Now() const { return clock_.UnixMillis(); }
  // One record of its own batch, as of `age` before now.
  void Append(const std::string& key, std::optional<std::string> value, std::int64_t age = 0) {
    auto done = std::make_shared<bool>(false);
    On([&] {
      BatchBuilder builder;
      builder.Add(Now() - age, key, value);
      core::Partition::AppendRequest append;
      append.bytes = builder.Build();
      append.record_count = 1;
      append.max_timestamp = Now() - age;
      partition().Append(std::move(append), [done](core::Partition::AppendResult result) {
        EXPECT_EQ(result.error, core::AppendError::kNone);
        *done = true;
      });
    });
    EXPECT_TRUE(Await([&] { return *done; }));
  }
  void Pass(runtime::Duration time) {
    clock_.Advance(time, false);
    shard_.ClockMoved();
    Settle();
  }
  bool AwaitStart(std::int64_t offset) {
    return Await([&] { return partition().start_offset() == offset; });
  }
  std::vector<std::string> Records() {
    std::optional<core::Partition::ReadResult> read;
    On([&] {
      partition().Read(partition().start_offset(), 1 << 20,
                       [&](core::Partition::ReadResult result) { read = std::move(result); });
    });
    EXPECT_TRUE(Await([&] { return read.has_value(); }));
    std::vector<std::string> texts;
    EXPECT_TRUE(read->ok());
    for (const storage::Batch& batch : **read) {
      EXPECT_TRUE(ForEachRecord(*batch.bytes, [&](const Record& record) {
                    texts.push_back(std::to_string(record.offset) + " " +
                                    std::string(*record.key) + "=" +
                                    std::string(record.value.value_or("(null)")));
                    return true;
                  }).ok());
    }
    return texts;
  }
  bool AwaitRecords(const std::vector<std::string>& expected) {
    for (int i = 0; i < 20'000; ++i) {
      if (Records() == expected) return true;
    }
    EXPECT_EQ(Records(), expected);
    return false;
  }

  std::unique_ptr<storage::LogStore> store_;
  std::unique_ptr<core::MemoryBudget> budget_;
  std::unique_ptr<core::CommitQueue> commits_;
  std::unique_ptr<core::BackgroundThread> reader_;
  core::TailCache tails_;
  std::unique_ptr<Cluster> cluster_;
};

INSTANTIATE_TEST_SUITE_P(Store, LogCleanerTest, ::testing::Bool(), [](const auto& info) {
  return info.param ? "Disk" : "Memory";
});

TEST_P(LogCleanerTest, RecordsGoWhenTheyAreOldAndNotBefore) {
  CreateTopic({{"retention.ms", "600000"}});
  Append("a", "1");
  Pass(minutes(9));
  EXPECT_THAT(Records(), SizeIs(1));
  Append("b", "1");  // of the same segment, which is as young as its youngest
  Pass(minutes(9));
  EXPECT_THAT(Records(), SizeIs(2));
  Pass(minutes(2));
  EXPECT_TRUE(AwaitStart(2));
  EXPECT_THAT(Records(), IsEmpty());
  // What is written then is kept as long, also by a broker that starts meanwhile.
  Append("c", "1");
  Restart();
  Pass(minutes(9));
  EXPECT_THAT(Records(), ElementsAre("2 c=1"));
  Pass(minutes(7));
  EXPECT_TRUE(AwaitStart(3));
}

TEST_P(LogCleanerTest, RecordsThatWereOldWhenTheyCameStayUntilTheNextLook) {
  CreateTopic({});
  Append("a", "1", 1'000'000'000'000);
  Pass(minutes(4));
  EXPECT_THAT(Records(), SizeIs(1));
  Pass(minutes(1));
  EXPECT_TRUE(AwaitStart(1));
}

TEST_P(LogCleanerTest, WithoutARetentionTimeRecordsStay) {
  CreateTopic({{"retention.ms", "-1"}});
  Append("a", "1", 1'000'000'000'000);
  Pass(std::chrono::hours(24 * 365));
  EXPECT_THAT(Records(), SizeIs(1));
}

TEST_P(LogCleanerTest, TheOldestSegmentsGoWhileMoreThanTheSizeIsLeft) {
  // Each batch is a segment of its own.
  CreateTopic({{"retention.bytes", "160"}, {"segment.bytes", "80"}});
  for (int i = 0; i < 5; ++i) Append("k", std::to_string(i));
  EXPECT_THAT(Records(), SizeIs(5));
  Pass(minutes(5));
  EXPECT_TRUE(AwaitStart(2));
  EXPECT_THAT(Records(), ElementsAre("2 k=2", "3 k=3", "4 k=4"));
}

TEST_P(LogCleanerTest, ANewRetentionTimeHoldsForWhatIsThere) {
  CreateTopic({});
  Append("a", "1");
  On([this] {
    cluster_->topics().SetConfigs(*cluster_->topics().Find("t"), {{"retention.ms", "1000"}},
                                  [](const absl::Status&) {});
  });
  Pass(minutes(5));
  EXPECT_TRUE(AwaitStart(1));
}

TEST_P(LogCleanerTest, KeysAreCompactedInSegmentsThatHaveEnded) {
  CreateTopic({{"cleanup.policy", "compact"},
               {"segment.bytes", "80"},
               {"min.cleanable.dirty.ratio", "0"}});
  for (const char* const value : {"1", "2", "3"}) {
    Append("a", value);
    Append("b", value);
  }
  EXPECT_THAT(Records(), SizeIs(6));
  Pass(milliseconds(15'000));
  // The last batch's segment is the active one.
  EXPECT_TRUE(AwaitRecords({"3 b=2", "4 a=3", "5 b=3"}));
  // The next record ends that one.
  Append("c", "1");
  Pass(milliseconds(15'000));
  EXPECT_TRUE(AwaitRecords({"4 a=3", "5 b=3", "6 c=1"}));
  Restart();
  EXPECT_THAT(Records(), ElementsAre("4 a=3", "5 b=3", "6 c=1"));
  Append("a", "4");
  Append("d", "1");
  Pass(milliseconds(15'000));
  EXPECT_TRUE(AwaitRecords({"5 b=3", "6 c=1", "7 a=4", "8 d=1"}));
}

TEST_P(LogCleanerTest, ARecordIsNotCompactedBeforeItsLeastLag) {
  CreateTopic({{"cleanup.policy", "compact"},
               {"segment.bytes", "80"},
               {"min.cleanable.dirty.ratio", "0"},
               {"min.compaction.lag.ms", "60000"}});
  for (int i = 0; i < 3; ++i) Append("a", std::to_string(i));
  Pass(milliseconds(59'000));
  EXPECT_THAT(Records(), SizeIs(3));
  Pass(milliseconds(2'000));
  EXPECT_TRUE(AwaitRecords({"1 a=1", "2 a=2"}));
}

TEST_P(LogCleanerTest, ARecordIsCompactedAtItsGreatestLagHoweverLittleIsDirty) {
  CreateTopic({{"cleanup.policy", "compact"},
               {"segment.ms", "500"},
               {"min.cleanable.dirty.ratio", "1"},
               {"max.compaction.lag.ms", "20000"}});
  Append("a", "1");
  Append("a", "2");
  Pass(milliseconds(1000));
  Append("a", "3");
  Pass(milliseconds(15'000));
  EXPECT_THAT(Records(), SizeIs(3));
  Pass(milliseconds(5'000));
  EXPECT_TRUE(AwaitRecords({"1 a=2", "2 a=3"}));
}

TEST_P(LogCleanerTest, ProducersAreKnownBehindACompactionAndARestart) {
  CreateTopic({{"cleanup.policy", "compact"},
               {"segment.bytes", "80"},
               {"min.cleanable.dirty.ratio", "0"}});
  const auto append_of = [this](std::int32_t sequence) {
    std::optional<core::Partition::AppendResult> answer;
    On([&] {
      BatchBuilder builder;
      builder.SetProducer(7, 0, sequence);
      builder.Add(Now(), "a", std::to_string(sequence));
      core::Partition::AppendRequest append;
      append.bytes = builder.Build();
      append.record_count = 1;
      append.max_timestamp = Now();
      append.producer = StampOf(*ParseBatchHeader(append.bytes));
      partition().Append(std::move(append),
                         [&](core::Partition::AppendResult result) { answer = result; });
    });
    EXPECT_TRUE(Await([&] { return answer.has_value(); }));
    return *answer;
  };
  for (std::int32_t i = 0; i < 3; ++i) append_of(i);
  Append("b", "1");
  Append("b", "2");
  Pass(milliseconds(15'000));
  ASSERT_TRUE(AwaitRecords({"2 a=2", "3 b=1", "4 b=2"}));
  EXPECT_TRUE(append_of(1).duplicate);
  if (!GetParam()) return;  // what is in memory has no restart
  Restart();
  EXPECT_TRUE(append_of(1).duplicate);
  EXPECT_EQ(append_of(9).error, core::AppendError::kOutOfOrderSequence);
  EXPECT_EQ(append_of(3).error, core::AppendError::kNone);
}

TEST_P(LogCleanerTest, ATopicThatIsDeletedIsForgotten) {
  CreateTopic({{"retention.ms", "1000"}});
  Append("a", "1");
  On([this] {
    cluster_->topics().Delete(*cluster_->topics().Find("t"), [](const absl::Status&) {});
    EXPECT_EQ(shard_.timers().size(), 0u);
  });
  Pass(minutes(10));
}

}  // namespace
}  // namespace wherry::kafka
