#include "broker/core/producer_table.h"

#include <gmock/gmock.h>

namespace wherry::core {
namespace {

using Verdict = ProducerTable::Verdict;

ProducerStamp Stamp(std::int32_t first, std::int32_t last, std::int16_t epoch = 0,
                    std::int64_t id = 7) {
  return {id, epoch, first, last, /*max_timestamp=*/std::int64_t{1000} + last};
}

ProducerStamp InTransaction(ProducerStamp stamp) {
  stamp.transactional = true;
  return stamp;
}

TransactionMarker Marker(std::int16_t epoch) {
  return {.producer_id = 7, .epoch = epoch, .commit = true, .coordinator_epoch = 0};
}

class ProducerTableTest : public ::testing::Test {
 protected:
  Verdict Check(const ProducerStamp& stamp) const { return table_.Check(stamp).verdict; }
  // Batches of one record with the sequences [first, end).
  void RecordEach(std::int32_t first, std::int32_t end) {
    for (std::int32_t i = first; i < end; ++i) table_.Record(Stamp(i, i), 100 + i);
  }

  ProducerTable table_;
};

TEST_F(ProducerTableTest, TheDocumentedExample) {
  table_.Record(Stamp(0, 9), 0);
  table_.Record(Stamp(10, 19), 10);
  EXPECT_EQ(Check(Stamp(10, 19)), Verdict::kDuplicate);
  EXPECT_EQ(Check(Stamp(20, 24)), Verdict::kAccept);
  EXPECT_EQ(Check(Stamp(25, 25)), Verdict::kOutOfOrder);
  EXPECT_EQ(Check(Stamp(1, 1, 1)), Verdict::kOutOfOrder) << "a new epoch begins at 0";
  EXPECT_EQ(Check(Stamp(0, 0, 1)), Verdict::kAccept);
  table_.Record(Stamp(0, 0, 1), 20);
  EXPECT_EQ(Check(Stamp(20, 24)), Verdict::kStaleEpoch);
  EXPECT_EQ(Check(Stamp(0, 9)), Verdict::kStaleEpoch) << "not a duplicate any more";
}

TEST_F(ProducerTableTest, AProducerNobodyKnowsMayBeginAnywhere) {
  EXPECT_EQ(Check(Stamp(1234, 1240)), Verdict::kAccept);
}

TEST_F(ProducerTableTest, ADuplicateIsAnsweredWithTheOriginal) {
  table_.Record(Stamp(0, 4), 50);
  table_.Record(Stamp(5, 5), 55);
  const ProducerTable::Answer answer = table_.Check(Stamp(0, 4));
  EXPECT_EQ(answer.verdict, Verdict::kDuplicate);
  EXPECT_EQ(answer.original.base_offset, 50);
  EXPECT_EQ(answer.original.max_timestamp, 1004);
}

TEST_F(ProducerTableTest, FiveBatchesAreRemembered) {
  RecordEach(0, 6);
  EXPECT_EQ(Check(Stamp(1, 1)), Verdict::kDuplicate);
  EXPECT_EQ(Check(Stamp(0, 0)), Verdict::kOutOfOrder);
}

TEST_F(ProducerTableTest, OnlyTheVerySameBatchIsADuplicate) {
  table_.Record(Stamp(0, 9), 0);
  EXPECT_EQ(Check(Stamp(0, 5)), Verdict::kOutOfOrder);
  EXPECT_EQ(Check(Stamp(5, 9)), Verdict::kOutOfOrder);
}

TEST_F(ProducerTableTest, SequencesWrapToZero) {
  table_.Record(Stamp(INT32_MAX - 1, INT32_MAX), 0);
  EXPECT_EQ(Check(Stamp(1, 1)), Verdict::kOutOfOrder);
  EXPECT_EQ(Check(Stamp(0, 3)), Verdict::kAccept);
}

TEST_F(ProducerTableTest, ProducersDoNotDisturbEachOther) {
  table_.Record(Stamp(0, 0, 0, 1), 0);
  table_.Record(Stamp(0, 0, 3, 2), 1);
  EXPECT_EQ(Check(Stamp(1, 1, 0, 1)), Verdict::kAccept);
  EXPECT_EQ(Check(Stamp(1, 1, 0, 2)), Verdict::kStaleEpoch);
}

TEST_F(ProducerTableTest, RevertTakesBackTheLatest) {
  const ProducerTable::Undo first = table_.Record(Stamp(0, 0), 0);
  const ProducerTable::Undo second = table_.Record(Stamp(1, 1), 1);
  table_.Revert(second);
  EXPECT_EQ(Check(Stamp(0, 0)), Verdict::kDuplicate);
  EXPECT_EQ(Check(Stamp(1, 1)), Verdict::kAccept);
  table_.Revert(first);
  EXPECT_TRUE(table_.empty());
}

TEST_F(ProducerTableTest, RevertGivesBackAnOlderEpoch) {
  RecordEach(0, 3);
  const ProducerTable::Undo undo = table_.Record(Stamp(0, 0, 1), 3);
  table_.Revert(undo);
  EXPECT_EQ(Check(Stamp(3, 3)), Verdict::kAccept);
  EXPECT_EQ(Check(Stamp(0, 0)), Verdict::kDuplicate);
}

TEST_F(ProducerTableTest, TheOneThatWroteLongestAgoIsForgotten) {
  const auto of = [](std::size_t id, std::int32_t sequence) {
    return Stamp(sequence, sequence, 0, static_cast<std::int64_t>(id));
  };
  for (std::size_t id = 0; id < ProducerTable::kMaxProducers; ++id) table_.Record(of(id, 0), 0);
  table_.Record(of(0, 1), 0);
  table_.Record(of(ProducerTable::kMaxProducers, 0), 0);
  EXPECT_EQ(table_.size(), ProducerTable::kMaxProducers);
  EXPECT_EQ(Check(of(0, 9)), Verdict::kOutOfOrder) << "known, it wrote again";
  EXPECT_EQ(Check(of(1, 9)), Verdict::kAccept) << "forgotten";
  EXPECT_EQ(Check(of(2, 9)), Verdict::kOutOfOrder) << "known";
}

TEST_F(ProducerTableTest, WhatWasEncodedIsDecoded) {
  RecordEach(0, 7);
  table_.Record(InTransaction(Stamp(40, 49, 2, 8)), 500);
  const ProducerTable::Decoded decoded = ProducerTable::Decode(table_.Encode(510)).value();
  EXPECT_EQ(decoded.end_offset, 510);
  EXPECT_EQ(decoded.table.size(), 2u);
  EXPECT_EQ(decoded.table.Check(Stamp(2, 2)).original.base_offset, 102);
  EXPECT_EQ(decoded.table.Check(Stamp(1, 1)).verdict, Verdict::kOutOfOrder);
  EXPECT_EQ(decoded.table.Check(Stamp(7, 7)).verdict, Verdict::kAccept);
  EXPECT_EQ(decoded.table.Check(Stamp(50, 50, 2, 8)).verdict,
            Verdict::kInsideTransaction);
  EXPECT_EQ(decoded.table.Encode(510), table_.Encode(510));
}

TEST_F(ProducerTableTest, DamageIsNoticed) {
  RecordEach(0, 2);
  const std::string bytes = table_.Encode(2);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ProducerTable::Decode(bytes.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
  EXPECT_FALSE(ProducerTable::Decode(bytes + "x").ok());
  EXPECT_FALSE(ProducerTable::Decode("\x03" + bytes.substr(1)).ok()) << "a later version";
}

TEST_F(ProducerTableTest, ATableOfTheVersionBeforeIsRead) {
  table_.Record(Stamp(0, 0), 0);
  const std::string bytes = table_.Encode(1);
  constexpr std::size_t kTransaction = 8 + 4 + 8;
  const auto old = ProducerTable::Decode("\x01" + bytes.substr(1, bytes.size() - 1 - kTransaction));
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(old->table.Check(Stamp(0, 0)).verdict, Verdict::kDuplicate);
  EXPECT_EQ(old->table.producers().at(7).transaction_start, -1);
}

TEST_F(ProducerTableTest, ATransactionBeginsAndEnds) {
  table_.Record(InTransaction(Stamp(0, 0)), 10);
  table_.Record(InTransaction(Stamp(1, 1)), 11);
  EXPECT_EQ(table_.producers().at(7).transaction_start, 10);
  EXPECT_EQ(Check(Stamp(2, 2)), Verdict::kInsideTransaction);
  EXPECT_EQ(Check(Stamp(1, 1)), Verdict::kDuplicate) << "whatever it says of itself";
  EXPECT_EQ(Check(InTransaction(Stamp(2, 2))), Verdict::kAccept);
  const ProducerTable::Undo undo = table_.Record(Marker(0));
  EXPECT_EQ(undo.before->transaction_start, 10);
  EXPECT_EQ(Check(Stamp(2, 2)), Verdict::kAccept) << "sequences go on in the same epoch";
  table_.Revert(undo);
  EXPECT_EQ(Check(Stamp(2, 2)), Verdict::kInsideTransaction);
}

TEST_F(ProducerTableTest, AMarkersEpochBeginsTheProducersAnew) {
  table_.Record(InTransaction(Stamp(0, 9)), 10);
  table_.Record(Marker(1));
  EXPECT_EQ(Check(InTransaction(Stamp(10, 10))), Verdict::kStaleEpoch);
  EXPECT_EQ(Check(InTransaction(Stamp(10, 10, 1))), Verdict::kOutOfOrder);
  EXPECT_EQ(Check(InTransaction(Stamp(0, 0, 1))), Verdict::kAccept);
}

TEST_F(ProducerTableTest, WhichMarkersAreTaken) {
  using Epochs = ProducerTable::MarkerEpoch;
  EXPECT_EQ(table_.Check(Marker(0), Epochs::kLater), Verdict::kAccept) << "nobody knows better";
  table_.Record(InTransaction(Stamp(0, 0, 3)), 10);
  EXPECT_EQ(table_.Check(Marker(2), Epochs::kSameOrLater), Verdict::kStaleEpoch);
  EXPECT_EQ(table_.Check(Marker(3), Epochs::kSameOrLater), Verdict::kAccept);
  EXPECT_EQ(table_.Check(Marker(3), Epochs::kLater), Verdict::kStaleEpoch);
  EXPECT_EQ(table_.Check(Marker(4), Epochs::kLater), Verdict::kAccept);
  TransactionMarker marker = Marker(3);
  marker.coordinator_epoch = 5;
  table_.Record(marker);
  marker.coordinator_epoch = 4;
  EXPECT_EQ(table_.Check(marker, Epochs::kSameOrLater), Verdict::kStaleCoordinator);
}

TEST_F(ProducerTableTest, NobodyWithAnOpenTransactionIsForgotten) {
  const auto of = [](std::size_t id) { return Stamp(0, 0, 0, static_cast<std::int64_t>(id)); };
  table_.Record(InTransaction(of(0)), 0);
  for (std::size_t id = 1; id <= ProducerTable::kMaxProducers; ++id) table_.Record(of(id), 0);
  EXPECT_EQ(table_.size(), ProducerTable::kMaxProducers);
  EXPECT_TRUE(table_.producers().contains(0));
  EXPECT_FALSE(table_.producers().contains(1));
}

TEST_F(ProducerTableTest, AProducerThatIsThereTwiceIsDamage) {
  RecordEach(0, 1);
  std::string bytes = table_.Encode(1);
  constexpr std::size_t kHeader = 1 + 8 + 4;
  bytes.append(bytes.substr(kHeader));
  bytes[kHeader - 1] = 2;
  EXPECT_EQ(ProducerTable::Decode(bytes).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace wherry::core
