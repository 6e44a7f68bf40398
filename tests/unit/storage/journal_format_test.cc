#include "storage/journal_format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wherry::storage::journal {
namespace {

BatchFrame SomeBatch() { return {7, 9, 1'700'000'000'000, 0xDEADBEEF, 1234}; }

TEST(JournalFormatTest, FramesComeBackAsTheyWere) {
  const Frames frames = {AppendBatch{3, SomeBatch()},    PutKey{"key", "value"},
                         PutKey{"empty", ""},            DeleteKey{"gone"},
                         CreateLog{4, 12},               DeleteLog{5},
                         TrimLog{3, 8, 100},             EraseBatch{3, 9, 50},
                         ReplaceBatch{3, 9, 50, SomeBatch()}};
  const std::string bytes = Encode(frames);
  const auto decoded = DecodeFrames(bytes);
  ASSERT_TRUE(decoded.has_value());
  ASSERT_EQ(decoded->size(), frames.size());
  EXPECT_EQ(Encode(*decoded), bytes);
  EXPECT_EQ(std::get<PutKey>((*decoded)[1]).value, "value");
  EXPECT_EQ(std::get<ReplaceBatch>((*decoded)[8]).batch.size, 1234u);
}

TEST(JournalFormatTest, FramesThatEndEarlyAreNone) {
  const std::string bytes = Encode(Frames{AppendBatch{3, SomeBatch()}, PutKey{"key", "value"}});
  const std::size_t first = Encode(Frames{AppendBatch{3, SomeBatch()}}).size();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeFrames(bytes.substr(0, size)).has_value(), size == first) << size;
  }
  EXPECT_FALSE(DecodeFrames("\x7F").has_value());
}

TEST(JournalFormatTest, HeadersComeBackAsTheyWere) {
  int version = 0;
  const auto file = DecodeFileHeader(Encode(FileHeader{17, 0x123456789ABCDEF0}), version);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(version, kVersion);
  EXPECT_EQ(file->number, 17u);
  EXPECT_EQ(file->salt, 0x123456789ABCDEF0u);

  const RecordHeader header{99, true, 12, std::uint64_t{5} << 32, 0xCAFE};
  const auto record = DecodeRecordHeader(Encode(header, 1), 1);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->sequence, 99u);
  EXPECT_TRUE(record->synced_before);
  EXPECT_EQ(record->bytes_size, header.bytes_size);
  // Somebody who does not know the salt cannot make one.
  EXPECT_FALSE(DecodeRecordHeader(Encode(header, 2), 1).has_value());
}

TEST(JournalFormatTest, EveryByteOfAHeaderCounts) {
  std::string file = Encode(FileHeader{1, 2});
  int version = 0;
  for (char& byte : file) {
    byte ^= 0x40;
    EXPECT_FALSE(DecodeFileHeader(file, version).has_value());
    byte ^= 0x40;
  }
  std::string record = Encode(RecordHeader{1, false, 2, 3, 4}, 5);
  for (char& byte : record) {
    byte ^= 0x40;
    EXPECT_FALSE(DecodeRecordHeader(record, 5).has_value());
    byte ^= 0x40;
  }
}

RC_GTEST_PROP(JournalFormatTest, AnyBytesAreFramesOrAreNone, (std::string bytes)) {
  const auto frames = DecodeFrames(bytes);
  if (frames.has_value()) RC_ASSERT(Encode(*frames) == bytes);
}

}  // namespace
}  // namespace wherry::storage::journal
