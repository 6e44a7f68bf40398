// Taking from a write queue for another way out than its own socket.
#include "broker/net/write_queue.h"

#include <gtest/gtest.h>

namespace wherry::net {
namespace {

std::string TakeAllOf(WriteQueue& queue, std::size_t at_most) {
  std::string scratch(at_most, '\0'), taken;
  while (!queue.empty()) {
    const std::string_view front = queue.Front(scratch);
    EXPECT_FALSE(front.empty());
    EXPECT_LE(front.size(), at_most);
    taken.append(front);
    queue.Drop(front.size());
  }
  return taken;
}

TEST(WriteQueueTest, PiecesComeOutInOrderWhateverTheSteps) {
  const auto shared = std::make_shared<const std::string>(10'000, 's');
  for (const std::size_t at_most : {1, 7, 100, 16384}) {
    ChunkPool pool;
    WriteQueue queue(pool);
    std::string expected;
    for (int i = 0; i < 5; ++i) {
      const std::string copied(static_cast<std::size_t>(i) * 1'700, static_cast<char>('a' + i));
      queue.Append(copied);
      queue.AppendShared(shared, *shared);
      expected += copied + *shared;
    }
    EXPECT_EQ(queue.pending_bytes(), expected.size());
    EXPECT_TRUE(TakeAllOf(queue, at_most) == expected) << at_most;
    queue.Append("again");
    EXPECT_EQ(TakeAllOf(queue, at_most), "again");
  }
}

TEST(WriteQueueTest, AppendingGoesOnInAPartlyTakenChunk) {
  ChunkPool pool;
  WriteQueue queue(pool);
  char scratch[4];
  queue.Append("abcdef");
  EXPECT_EQ(queue.Front(scratch), "abcd");
  queue.Drop(4);
  queue.Append("gh");
  EXPECT_EQ(queue.Front(scratch), "efgh");
}

TEST(WriteQueueTest, SmallPiecesAreGathered) {
  ChunkPool pool;
  WriteQueue queue(pool);
  char scratch[64];
  const auto owner = std::make_shared<const std::string>("0123456789");
  queue.Append("head ");
  queue.AppendShared(owner, *owner);
  queue.Append(" tail");
  EXPECT_EQ(queue.Front(scratch), "head 0123456789 tail");
}

TEST(WriteQueueTest, NothingMayBeAppended) {
  ChunkPool pool;
  WriteQueue queue(pool);
  queue.Append("");
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueueTest, AllIsTakenOver) {
  ChunkPool pool;
  WriteQueue from(pool), to(pool);
  from.Append("abc");
  to.TakeAll(from);
  EXPECT_TRUE(from.empty());
  from.Append("x");
  to.Append("def");
  EXPECT_EQ(TakeAllOf(to, 100), "abcdef");
  EXPECT_EQ(TakeAllOf(from, 100), "x");
}

}  // namespace
}  // namespace wherry::net
