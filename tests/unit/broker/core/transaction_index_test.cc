#include "broker/core/transaction_index.h"

#include <gmock/gmock.h>

namespace wherry::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TransactionIndexTest : public ::testing::Test {
 protected:
  std::vector<std::int64_t> FirstAborted(std::int64_t from, std::int64_t to) const {
    std::vector<std::int64_t> first;
    for (const AbortedTransaction& aborted : index_.Aborted(from, to)) {
      first.push_back(aborted.first_offset);
    }
    return first;
  }

  TransactionIndex index_;
};

TEST_F(TransactionIndexTest, TheDocumentedExample) {
  index_.Begin(0);
  index_.Begin(1);
  EXPECT_EQ(index_.Abort(1, 0, 2), (AbortedTransaction{1, 0, 2, 1}));
  EXPECT_EQ(index_.first_unstable_offset(), 0);
  index_.Commit(3);
  EXPECT_EQ(index_.first_unstable_offset(), 1);
  EXPECT_THAT(FirstAborted(0, 2), ElementsAre(0));
  EXPECT_THAT(FirstAborted(2, 3), ElementsAre(0));
  EXPECT_THAT(FirstAborted(3, 4), IsEmpty());
}

TEST_F(TransactionIndexTest, WithoutTransactionsEverythingIsStable) {
  EXPECT_EQ(index_.first_unstable_offset(), INT64_MAX);
  EXPECT_THAT(FirstAborted(0, 100), IsEmpty());
}

TEST_F(TransactionIndexTest, ACommittedTransactionIsForgotten) {
  index_.Begin(5);
  index_.End(5, 9);
  index_.Commit(9);
  EXPECT_EQ(index_.first_unstable_offset(), 5) << "its marker is not committed";
  index_.Commit(10);
  EXPECT_EQ(index_.first_unstable_offset(), INT64_MAX);
  EXPECT_THAT(FirstAborted(0, 100), IsEmpty());
}

TEST_F(TransactionIndexTest, CuttingTakesBackBeginningsAndEnds) {
  index_.Begin(0);
  index_.Begin(3);
  index_.Abort(1, 0, 5);
  index_.Begin(6);
  index_.Cut(5);
  EXPECT_THAT(FirstAborted(0, 100), IsEmpty());
  index_.Commit(5);
  EXPECT_EQ(index_.first_unstable_offset(), 0);
  index_.End(0, 5);
  index_.Commit(6);
  EXPECT_EQ(index_.first_unstable_offset(), 3) << "6 never began";
  index_.End(3, 6);
  index_.Commit(7);
  EXPECT_EQ(index_.first_unstable_offset(), INT64_MAX);
}

TEST_F(TransactionIndexTest, ALongOneIsFoundBehindShortOnes) {
  index_.Begin(0);
  for (std::int64_t first = 1; first < 21; first += 2) {
    index_.Begin(first);
    index_.Abort(2, first, first + 1);
  }
  index_.Abort(1, 0, 21);
  EXPECT_THAT(FirstAborted(4, 6), ElementsAre(3, 5, 0));
  EXPECT_THAT(FirstAborted(4, 5), ElementsAre(3, 0));
  EXPECT_THAT(FirstAborted(21, 22), ElementsAre(0));
}

TEST_F(TransactionIndexTest, TrimmingForgetsWhatEndedBelow) {
  for (std::int64_t first = 0; first < 10; first += 2) {
    index_.Begin(first);
    index_.Abort(1, first, first + 1);
  }
  std::vector<std::int64_t> trimmed;
  for (const AbortedTransaction& aborted : index_.Trim(5)) trimmed.push_back(aborted.last_offset);
  EXPECT_THAT(trimmed, ElementsAre(1, 3));
  EXPECT_THAT(FirstAborted(5, 10), ElementsAre(4, 6, 8));
  EXPECT_THAT(index_.Trim(5), IsEmpty());
}

}  // namespace
}  // namespace wherry::core
