#include "broker/core/transaction_coordinator.h"

#include "broker/runtime/random.h"
#include "tests/unit/broker/core/transaction_fixture.h"

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using std::chrono::seconds;
using Error = TransactionError;
using State = TransactionState;

constexpr auto kEndsEpoch = TransactionProtocol::kEndsEpoch;
constexpr std::int16_t kLastEpoch = INT16_MAX - 1;

using TransactionCoordinatorTest = TransactionFixture;

TEST_F(TransactionCoordinatorTest, ATransactionBeginsWritesAndCommits) {
  const ProducerIdentity producer = Init("x").producer;
  EXPECT_EQ(producer, (ProducerIdentity{1000, 0}));
  EXPECT_EQ(Describe("x").state, State::kEmpty);
  ASSERT_EQ(Add("x", producer, {{"t", {0, 2}}}), Error::kNone);
  const TransactionDescription open = Describe("x");
  EXPECT_EQ(open.state, State::kOngoing);
  EXPECT_EQ(open.partitions, (PartitionsByTopic{{"t", {0, 2}}}));
  EXPECT_EQ(open.start_millis, 1'000'000);
  EXPECT_EQ(Write(producer, 0, 0), AppendError::kNone);
  EXPECT_EQ(LastStable(0), 0);
  EXPECT_EQ(End("x", producer, true).error, Error::kNone);
  EXPECT_EQ(Describe("x").state, State::kCompleteCommit);
  EXPECT_THAT(Describe("x").partitions, IsEmpty());
  EXPECT_THAT(Batches(0), ElementsAre("1000:0:0:0:t", "commit:1000:0"));
  EXPECT_THAT(Batches(1), IsEmpty());
  EXPECT_THAT(Batches(2), ElementsAre("commit:1000:0"));
  EXPECT_EQ(LastStable(0), 2);
}

TEST_F(TransactionCoordinatorTest, OnlyAddedPartitionsAreVerified) {
  const ProducerIdentity producer = Init("x").producer;
  Add("x", producer, {{"t", {1}}});
  On([&] {
    EXPECT_EQ(coordinator_->Verify({"x", producer}, "t", 1), Error::kNone);
    EXPECT_EQ(coordinator_->Verify({"x", producer}, "t", 0), Error::kNotAdded);
    EXPECT_EQ(coordinator_->Verify({"x", {producer.producer_id, 5}}, "t", 1), Error::kFenced);
    EXPECT_EQ(coordinator_->Verify({"x", {1, 0}}, "t", 1), Error::kUnknownProducer);
    EXPECT_EQ(coordinator_->Verify({"y", producer}, "t", 1), Error::kUnknownProducer);
    EXPECT_EQ(coordinator_->VerifyGroup({"x", producer}, "g"), Error::kNotAdded);
    EXPECT_EQ(coordinator_->AddGroup({"x", producer}, "g", nullptr), Error::kNone);
    EXPECT_EQ(coordinator_->VerifyGroup({"x", producer}, "g"), Error::kNone);
  });
}

TEST_F(TransactionCoordinatorTest, ASecondProducerFencesTheFirst) {
  const ProducerIdentity first = Init("x").producer;
  Add("x", first, {{"t", {0}}});
  Write(first, 0, 0);
  EXPECT_EQ(Init("x").error, Error::kConcurrent) << "while the first one's is aborted";
  const ProducerIdentity second = InitWell("x");
  EXPECT_EQ(second, (ProducerIdentity{1000, 2})) << "1 was the fence's";
  EXPECT_THAT(Batches(0), ElementsAre("1000:0:0:0:t", "abort:1000:1"));
  EXPECT_EQ(Add("x", first, {{"t", {0}}}), Error::kFenced);
  EXPECT_EQ(End("x", first, true).error, Error::kFenced);
  EXPECT_EQ(Write(first, 0, 1), AppendError::kStaleProducerEpoch);
  EXPECT_EQ(Add("x", second, {{"t", {0}}}), Error::kNone);
  EXPECT_EQ(Write(second, 0, 0), AppendError::kNone);
}

TEST_F(TransactionCoordinatorTest, AProducerGoesOnAfterAnError) {
  const ProducerIdentity producer = Init("x").producer;
  const ProducerIdentity bumped = Init("x", producer).producer;
  EXPECT_EQ(bumped, (ProducerIdentity{1000, 1}));
  EXPECT_EQ(Init("x", producer).producer, bumped) << "sent again: the same answer";
  EXPECT_EQ(Init("x").producer, (ProducerIdentity{1000, 2})) << "another producer";
  EXPECT_EQ(Init("x", bumped).error, Error::kFenced);
  EXPECT_EQ(Init("x", ProducerIdentity{7, 0}).error, Error::kFenced);
}

TEST_F(TransactionCoordinatorTest, TimeoutsHaveBounds) {
  EXPECT_EQ(Init("x", std::nullopt, seconds(0)).error, Error::kInvalidTimeout);
  EXPECT_EQ(Init("x", std::nullopt, seconds(901)).error, Error::kInvalidTimeout);
  EXPECT_EQ(Init("x", std::nullopt, seconds(900)).error, Error::kNone);
}

TEST_F(TransactionCoordinatorTest, WhatIsNotOpenCannotEnd) {
  EXPECT_EQ(End("x", {1, 0}, true).error, Error::kUnknownProducer);
  const ProducerIdentity producer = Init("x").producer;
  EXPECT_EQ(End("x", producer, true).error, Error::kInvalidState);
  EXPECT_EQ(End("x", producer, false).error, Error::kInvalidState);
  Add("x", producer, {{"t", {0}}});
  EXPECT_EQ(End("x", producer, false).error, Error::kNone);
  EXPECT_EQ(End("x", producer, false).error, Error::kNone) << "sent again";
  EXPECT_EQ(End("x", producer, true).error, Error::kInvalidState);
  EXPECT_THAT(Batches(0), SizeIs(1));
}

TEST_F(TransactionCoordinatorTest, EachTransactionMayEndItsEpoch) {
  const ProducerIdentity first = Init("x").producer;
  Add("x", first, {{"t", {0}}});
  Write(first, 0, 0);
  const TransactionResult ended = End("x", first, true, kEndsEpoch);
  EXPECT_EQ(ended.producer, (ProducerIdentity{1000, 1}));
  EXPECT_THAT(Batches(0), ElementsAre("1000:0:0:0:t", "commit:1000:1"));
  EXPECT_EQ(End("x", first, true, kEndsEpoch).producer, ended.producer) << "sent again";
  EXPECT_EQ(End("x", first, false, kEndsEpoch).error, Error::kInvalidState);
  EXPECT_EQ(End("x", ended.producer, true, kEndsEpoch).error, Error::kInvalidState)
      << "the next one, which never began";
  EXPECT_EQ(End("x", ended.producer, false, kEndsEpoch).producer, (ProducerIdentity{1000, 2}))
      << "nothing may be aborted";
  EXPECT_EQ(End("x", first, true, kEndsEpoch).error, Error::kFenced);
  EXPECT_THAT(Batches(0), SizeIs(2));
}

TEST_F(TransactionCoordinatorTest, TheLastEpochIsFollowedByANewProducerId) {
  ProducerIdentity producer = Init("x").producer;
  Close();
  TransactionRecord record;
  record.producer = {producer.producer_id, kLastEpoch};
  record.timeout_ms = 1000;
  storage::CommitBatch batch;
  batch.Put(StateKey({"default"}, "transactions/") + "x", record.Encode());
  ASSERT_TRUE(store_.Commit(batch, storage::Durability::kSynced).ok());
  Open();
  producer = record.producer;
  Add("x", producer, {{"t", {0}}});
  EXPECT_EQ(End("x", producer, true, kEndsEpoch).producer, (ProducerIdentity{1001, 0}));
  EXPECT_THAT(Batches(0), ElementsAre("commit:1000:32767"));
  EXPECT_EQ(End("x", producer, true, kEndsEpoch).producer, (ProducerIdentity{1001, 0}))
      << "sent again";
  EXPECT_EQ(Init("x").producer, (ProducerIdentity{1001, 1}));
}

TEST_F(TransactionCoordinatorTest, AnExhaustedEpochIsRenewed) {
  Init("x");
  Close();
  TransactionRecord record;
  record.producer = {1000, kLastEpoch};
  record.timeout_ms = 1000;
  storage::CommitBatch batch;
  batch.Put(StateKey({"default"}, "transactions/") + "x", record.Encode());
  ASSERT_TRUE(store_.Commit(batch, storage::Durability::kSynced).ok());
  Open();
  EXPECT_EQ(Init("x", record.producer).producer, (ProducerIdentity{1001, 0}));
  EXPECT_EQ(Init("x", record.producer).producer, (ProducerIdentity{1001, 0})) << "sent again";
  EXPECT_EQ(Init("x", ProducerIdentity{1000, 3}).error, Error::kFenced);
}

TEST_F(TransactionCoordinatorTest, WhoseTimeIsUpIsAbortedAndFenced) {
  const ProducerIdentity producer = Init("x").producer;
  Add("x", producer, {{"t", {0}}});
  Write(producer, 0, 0);
  Advance(kTimeout - seconds(1));
  EXPECT_EQ(Describe("x").state, State::kOngoing);
  Advance(seconds(2));
  EXPECT_TRUE(Await([&] {
    return coordinator_->Describe("x")->state == State::kCompleteAbort;
  }));
  EXPECT_THAT(Batches(0), ElementsAre("1000:0:0:0:t", "abort:1000:1"));
  EXPECT_EQ(End("x", producer, true).error, Error::kFenced);
  EXPECT_EQ(Init("x", producer).error, Error::kFenced);
}

TEST_F(TransactionCoordinatorTest, AnAbortThatFailsIsTriedAgain) {
  const ProducerIdentity producer = Init("x").producer;
  Add("x", producer, {{"t", {0}}});
  FailNextCommit();
  Advance(kTimeout);
  EXPECT_TRUE(Await([&] { return coordinator_->Describe("x")->state == State::kOngoing; }));
  EXPECT_THAT(Batches(0), IsEmpty());
  Advance(settings_.retry_delay);
  EXPECT_TRUE(Await([&] {
    return coordinator_->Describe("x")->state == State::kCompleteAbort;
  }));
  EXPECT_THAT(Batches(0), ElementsAre("abort:1000:1"));
}

TEST_F(TransactionCoordinatorTest, IdsThatNobodyUsesExpire) {
  const ProducerIdentity old = Init("old").producer;
  const ProducerIdentity busy = InitWell("busy");
  Advance(settings_.id_expiration / 2);
  Add("busy", busy, {{"t", {0}}});
  Advance(kTimeout);
  Advance(settings_.id_expiration / 2);
  Settle();
  std::vector<TransactionListing> all;
  On([&] { all = coordinator_->List(); });
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].transactional_id, "busy");
  EXPECT_EQ(Add("old", old, {{"t", {0}}}), Error::kUnknownProducer);
  LosePower();
  On([&] { EXPECT_THAT(coordinator_->List(), SizeIs(1)); });
}

TEST_F(TransactionCoordinatorTest, WhatAFailedCommitLeaves) {
  FailNextCommit();
  EXPECT_EQ(Init("x").error, Error::kStorage);
  On([&] { EXPECT_FALSE(coordinator_->Describe("x").has_value()); });
  const ProducerIdentity producer = Init("x").producer;
  FailNextCommit();
  EXPECT_EQ(Add("x", producer, {{"t", {0}}}), Error::kStorage);
  EXPECT_EQ(Add("x", producer, {{"t", {0}}}), Error::kNone);
  FailNextCommit();
  EXPECT_EQ(End("x", producer, true).error, Error::kStorage);
  EXPECT_THAT(Batches(0), IsEmpty());
  EXPECT_EQ(Describe("x").state, State::kOngoing);
  LosePower();
  EXPECT_EQ(Describe("x").partitions, (PartitionsByTopic{{"t", {0}}}))
      << "the second time it was kept";
  EXPECT_EQ(End("x", producer, true).error, Error::kNone);
  EXPECT_THAT(Batches(0), ElementsAre("commit:1001:0"));
}

TEST_F(TransactionCoordinatorTest, LimitsAreKept) {
  Close();
  settings_.max_ids = 2;
  settings_.max_bytes = 2000;
  Open();
  const ProducerIdentity producer = Init("a").producer;
  EXPECT_EQ(Init("b").error, Error::kNone);
  EXPECT_EQ(Init("c").error, Error::kTooMany);
  EXPECT_EQ(Add("a", producer, {{std::string(1000, 't'), {0}}}), Error::kTooMany);
  EXPECT_EQ(Add("a", producer, {{"t", {0}}}), Error::kNone);
}

class TransactionOffsetsTest : public TransactionFixture {
 protected:
  absl::StatusCode Commit(ProducerIdentity producer, const std::string& group,
                          std::int64_t offset) {
    std::optional<absl::StatusCode> code;
    On([&] {
      CommittedOffset committed;
      committed.offset = offset;
      pending_->Commit(producer.producer_id, group, {{"t", 0, committed}},
                       [&](const absl::Status& status) { code = status.code(); });
    });
    EXPECT_TRUE(Await([&] { return code.has_value(); }));
    return *code;
  }
  std::int64_t Offset(const std::string& group) {
    std::int64_t offset = -1;
    On([&] {
      const auto found = offsets_->Fetch(group, "t", 0);
      if (found.has_value()) offset = found->offset;
    });
    return offset;
  }
  bool IsPending(const std::string& group) {
    bool pending = false;
    On([&] { pending = pending_->Contains(group, "t", 0); });
    return pending;
  }
  ProducerIdentity Begun(const std::string& id) {
    const ProducerIdentity producer = InitWell(id);
    On([&] { EXPECT_EQ(coordinator_->AddGroup({id, producer}, "g", nullptr), Error::kNone); });
    return producer;
  }
};

TEST_F(TransactionOffsetsTest, TheyAreCommittedWithTheTransaction) {
  const ProducerIdentity producer = Begun("x");
  Commit(producer, "g", 5);
  Commit(producer, "g", 6);
  Commit(producer, "h", 7);
  EXPECT_EQ(Offset("g"), -1);
  EXPECT_TRUE(IsPending("g"));
  EXPECT_FALSE(IsPending("other"));
  LosePower();
  EXPECT_TRUE(IsPending("g"));
  EXPECT_EQ(End("x", producer, true).error, Error::kNone);
  for (int i = 0; i < 2; ++i, LosePower()) {
    EXPECT_EQ(Offset("g"), 6);
    EXPECT_EQ(Offset("h"), 7);
    EXPECT_FALSE(IsPending("g"));
  }
}

TEST_F(TransactionOffsetsTest, TheyAreDroppedWithTheTransaction) {
  const ProducerIdentity producer = Begun("x");
  Commit(producer, "g", 5);
  EXPECT_EQ(End("x", producer, true).error, Error::kNone);
  const ProducerIdentity next = Begun("x");
  Commit(next, "g", 9);
  EXPECT_EQ(End("x", next, false).error, Error::kNone);
  for (int i = 0; i < 2; ++i, LosePower()) {
    EXPECT_EQ(Offset("g"), 5);
    EXPECT_FALSE(IsPending("g"));
  }
}

TEST_F(TransactionOffsetsTest, AFailedCommitLeavesTheOnesBefore) {
  const ProducerIdentity producer = Begun("x");
  Commit(producer, "g", 5);
  FailNextCommit();
  EXPECT_EQ(Commit(producer, "g", 6), absl::StatusCode::kUnavailable);
  FailNextCommit();
  EXPECT_EQ(Commit(producer, "h", 6), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(IsPending("h"));
  FailNextCommit();
  EXPECT_EQ(End("x", producer, true).error, Error::kStorage);
  EXPECT_EQ(Offset("g"), -1);
  EXPECT_TRUE(IsPending("g"));
  EXPECT_EQ(End("x", producer, true).error, Error::kNone);
  EXPECT_EQ(Offset("g"), 5);
  EXPECT_EQ(Offset("h"), -1);
}

TEST_F(TransactionOffsetsTest, DeletingATopicOrAGroupDropsThem) {
  const ProducerIdentity producer = Begun("x");
  Commit(producer, "g", 5);
  Commit(producer, "h", 5);
  On([&] {
    storage::CommitBatch batch;
    CommitQueue::Done staged = pending_->DeleteGroup("h", batch);
    commits_->Submit(std::move(batch), std::move(staged));
  });
  EXPECT_TRUE(Await([&] { return !pending_->Contains("h", "t", 0); }));
  EXPECT_TRUE(IsPending("g"));
  On([&] {
    storage::CommitBatch batch;
    CommitQueue::Done staged = pending_->DeleteTopic("t", batch);
    commits_->Submit(std::move(batch), std::move(staged));
  });
  EXPECT_TRUE(Await([&] { return !pending_->Contains("g", "t", 0); }));
  LosePower();
  EXPECT_FALSE(IsPending("g"));
  EXPECT_EQ(End("x", producer, true).error, Error::kNone);
  EXPECT_EQ(Offset("g"), -1);
}

TEST_F(TransactionOffsetsTest, TheyAreBounded) {
  const ProducerIdentity producer = Begun("x");
  On([&] {
    pending_ = PendingOffsets::Open({"default"}, store_, *commits_, *offsets_, 300).value();
  });
  EXPECT_EQ(Commit(producer, "a", 1), absl::StatusCode::kOk);
  EXPECT_EQ(Commit(producer, "b", 1), absl::StatusCode::kOk);
  EXPECT_EQ(Commit(producer, "c", 1), absl::StatusCode::kOk);
  EXPECT_EQ(Commit(producer, "d", 1), absl::StatusCode::kResourceExhausted);
  On([&] { coordinator_.reset(); });
  On([&] { coordinator_ = TransactionCoordinator::Open({"default"}, Services(), {}).value(); });
}

TEST(TransactionRecordTest, WhatWasEncodedIsDecodedAndDamageIsNoticed) {
  TransactionRecord record;
  record.state = State::kOngoing;
  record.producer = {7, 3};
  record.previous = {6, 2};
  record.timeout_ms = 1000;
  record.start_millis = 5;
  record.last_update_millis = 6;
  record.partitions = {{"a", {0, 3}}, {"b", {1}}};
  record.groups = {"g", "h"};
  const std::string bytes = record.Encode();
  EXPECT_EQ(TransactionRecord::Decode(bytes).value(), record);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(TransactionRecord::Decode(bytes.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  EXPECT_FALSE(TransactionRecord::Decode(bytes + "x").ok());
  EXPECT_FALSE(TransactionRecord::Decode("\x02" + bytes.substr(1)).ok()) << "a later version";
  record.state = State::kPrepareCommit;
  EXPECT_FALSE(TransactionRecord::Decode(record.Encode()).ok()) << "never kept";
}

// Random transactions of several producers, with failing disks and power losses: each ends in all
// its partitions or in none, and never twice.
class TransactionHistoryTest : public TransactionFixture,
                               public ::testing::WithParamInterface<int> {};

TEST_P(TransactionHistoryTest, AllPartitionsAgree) {
  runtime::Random random(static_cast<std::uint64_t>(GetParam()));
  struct Expected {
    std::string id;
    ProducerIdentity producer;
    std::set<std::int32_t> written;
    std::map<std::int32_t, std::int32_t> sequences;
  };
  std::vector<Expected> producers;
  for (const char* id : {"a", "b"}) producers.push_back({id, InitWell(id), {}, {}});
  std::vector<std::vector<std::string>> logs(kPartitions);
  for (int step = 0; step < 80; ++step) {
    Expected& one = producers[random.Below(producers.size())];
    const auto partition = static_cast<std::int32_t>(random.Below(kPartitions));
    std::vector<std::string>& log = logs[static_cast<std::size_t>(partition)];
    const bool fails = random.Below(8) == 0;
    switch (random.Below(6)) {
      case 0:
      case 1:
      case 2: {
        ASSERT_EQ(Add(one.id, one.producer, {{"t", {partition}}}), Error::kNone);
        one.written.insert(partition);
        if (fails) FailNextCommit();
        std::int32_t& sequence = one.sequences[partition];
        const AppendError error = Write(one.producer, partition, sequence);
        ASSERT_EQ(error, fails ? AppendError::kStorage : AppendError::kNone);
        if (fails) break;
        log.push_back(std::to_string(one.producer.producer_id) + ":" +
                      std::to_string(one.producer.epoch) + ":" + std::to_string(sequence) + ":" +
                      std::to_string(sequence) + ":t");
        ++sequence;
        break;
      }
      case 3:
      case 4: {
        if (one.written.empty()) break;
        const bool commit = random.Below(2) == 0;
        const bool ends = random.Below(2) == 0;
        if (fails) FailNextCommit();
        const TransactionResult ended =
            End(one.id, one.producer, commit,
                ends ? kEndsEpoch : TransactionProtocol::kKeepsEpoch);
        ASSERT_EQ(ended.error, fails ? Error::kStorage : Error::kNone);
        if (fails) break;
        for (const std::int32_t index : one.written) {
          logs[static_cast<std::size_t>(index)].push_back(
              (commit ? "commit:" : "abort:") + std::to_string(one.producer.producer_id) + ":" +
              std::to_string(ended.producer.epoch));
        }
        one.written.clear();
        if (ends) one.sequences.clear();
        one.producer = ended.producer;
        break;
      }
      default:
        LosePower();
        break;
    }
    for (std::int32_t index = 0; index < kPartitions; ++index) {
      ASSERT_EQ(Batches(index), logs[static_cast<std::size_t>(index)]) << "step " << step;
    }
    for (const Expected& producer : producers) {
      const TransactionDescription description = Describe(producer.id);
      ASSERT_EQ(description.producer, producer.producer);
      ASSERT_EQ(description.state == State::kOngoing, !producer.written.empty());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TransactionHistoryTest, ::testing::Range(0, 10));

}  // namespace
}  // namespace wherry::core
