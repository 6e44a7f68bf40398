#include "protocol/kafka/codec.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zstd.h>

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/wire/cursor.h"

namespace wherry::kafka {
namespace {

using namespace std::string_view_literals;

constexpr Codec kCodecs[] = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::string RawSnappy(std::string_view bytes) {
  std::string out;
  snappy::Compress(bytes.data(), bytes.size(), &out);
  return out;
}

// Neither all the same nor noise, larger than any block or chunk.
std::string Sample(std::size_t size) {
  std::string bytes;
  for (std::uint32_t i = 0; bytes.size() < size; ++i) {
    bytes += "record " + std::to_string(i * 2654435761u) + " of a batch; ";
  }
  bytes.resize(size);
  return bytes;
}

class CodecTest : public testing::TestWithParam<Codec> {
 protected:
  std::string Compressed(std::string_view bytes) { return Compress(GetParam(), bytes).value(); }
  absl::StatusOr<std::string> Opened(std::string_view bytes,
                                     std::size_t max_bytes = kMaxDecompressedBytes) {
    return Decompress(GetParam(), bytes, max_bytes);
  }
};

TEST_P(CodecTest, WhatWentInComesOut) {
  for (const std::size_t size : {0, 1, 5, 1000, 32768, 65536, 65537, 1000000}) {
    const std::string bytes = Sample(size);
    const absl::StatusOr<std::string> opened = Opened(Compressed(bytes));
    ASSERT_TRUE(opened.ok()) << opened.status() << " at " << size;
    EXPECT_TRUE(*opened == bytes) << size;
  }
}

TEST_P(CodecTest, ABombStopsAtTheLimit) {
  const std::string bomb = Compressed(std::string(8 * 1024 * 1024, '\0'));
  EXPECT_LT(bomb.size(), 600'000u);
  const auto code = [&](std::size_t max) { return Opened(bomb, max).status().code(); };
  EXPECT_EQ(code(0), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(100'000), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(8 * 1024 * 1024 - 1), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(8 * 1024 * 1024), absl::StatusCode::kOk);
}

TEST_P(CodecTest, CutAnywhereItIsNotTheWhole) {
  const std::string bytes = Sample(300);
  const std::string compressed = Compressed(bytes);
  for (std::size_t cut = 0; cut < compressed.size(); ++cut) {
    const absl::StatusOr<std::string> opened = Opened(std::string_view(compressed).substr(0, cut));
    if (!opened.ok()) {
      EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << cut;
      continue;
    }
    // A block stream may end behind any of its blocks: that is for the record count to notice.
    EXPECT_EQ(GetParam(), Codec::kSnappy) << cut;
    EXPECT_EQ(*opened, "") << cut;
  }
}

TEST_P(CodecTest, AFlippedByteNeverCrashes) {
  const std::string compressed = Compressed(Sample(3000));
  for (std::size_t at = 0; at < compressed.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string flipped = compressed;
      flipped[at] = static_cast<char>(flipped[at] ^ flip);
      const absl::StatusOr<std::string> opened = Opened(flipped, 10'000);
      EXPECT_TRUE(!opened.ok() || opened->size() <= 10'000u) << opened->size();
    }
  }
}

TEST_P(CodecTest, GarbageIsMalformed) {
  for (const std::string_view bytes : {""sv, "x"sv, "this is no compressed data at all"sv,
                                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv}) {
    EXPECT_EQ(Opened(bytes).status().code(), absl::StatusCode::kDataLoss) << bytes;
  }
}

RC_GTEST_PROP(CodecPropertyTest, RoundTrip, (const std::string& bytes)) {
  for (const Codec codec : kCodecs) {
    RC_ASSERT(Decompress(codec, Compress(codec, bytes).value(), bytes.size()).value() == bytes);
  }
}

RC_GTEST_PROP(CodecPropertyTest, NoBytesCrash, (const std::string& bytes)) {
  for (const Codec codec : kCodecs) {
    const absl::StatusOr<std::string> opened = Decompress(codec, bytes, 1000);
    RC_ASSERT((opened.ok() ? opened->size() : 0) <= 1000u);
  }
}

TEST(CodecFormTest, NoneIsBoundedToo) {
  EXPECT_EQ(Decompress(Codec::kNone, "abc", 3).value(), "abc");
  EXPECT_EQ(Decompress(Codec::kNone, "abc", 2).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Compress(Codec::kNone, "abc").value(), "abc");
  EXPECT_EQ(Decompress(static_cast<Codec>(5), "abc").status().code(), absl::StatusCode::kDataLoss);
}

TEST(CodecFormTest, GzipAndZstdMayHaveSeveralMembers) {
  for (const Codec codec : {Codec::kGzip, Codec::kLz4, Codec::kZstd}) {
    const std::string two = Compress(codec, "hello ").value() + Compress(codec, "world").value();
    EXPECT_EQ(Decompress(codec, two).value(), "hello world");
    EXPECT_EQ(Decompress(codec, two, 10).status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_FALSE(Decompress(codec, two + "garbage").ok());
  }
}

TEST(CodecFormTest, SnappyComesRawOrAsAStreamOfBlocks) {
  EXPECT_EQ(Decompress(Codec::kSnappy, RawSnappy("hello")).value(), "hello");
  std::string stream("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
  EXPECT_EQ(Decompress(Codec::kSnappy, stream).value(), "") << "no blocks";
  wire::Writer writer(stream);
  for (const std::string_view text : {"hello ", "", "world"}) {
    const std::string block = RawSnappy(text);
    writer.Int(static_cast<std::int32_t>(block.size()));
    writer.Bytes(block);
  }
  EXPECT_EQ(Decompress(Codec::kSnappy, stream).value(), "hello world");
  EXPECT_EQ(Decompress(Codec::kSnappy, stream, 10).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Compress(Codec::kSnappy, "x").value().starts_with("\x82SNAPPY\0\0\0\0\1\0\0\0\1"sv));
}

TEST(CodecFormTest, SnappyThatClaimsMoreThanItCanHoldTakesNoMemory) {
  // 64 MiB in six bytes: below the limit, above what six bytes can give.
  const std::string_view lie("\x80\x80\x80\x20\0x", 6);
  EXPECT_EQ(Decompress(Codec::kSnappy, lie).status().code(), absl::StatusCode::kDataLoss);
}

TEST(CodecFormTest, Lz4IsAFrameOfIndependentBlocksOf64KiB) {
  const std::string frame = Compress(Codec::kLz4, Sample(200'000)).value();
  EXPECT_TRUE(frame.starts_with("\x04\x22\x4d\x18"));
  EXPECT_NE(frame[4] & 0x20, 0) << "blocks are independent";
  EXPECT_EQ(frame[5] >> 4, 4) << "64 KiB";
}

TEST(CodecFormTest, Lz4OfLinkedLargeBlocksIsRead) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max1MB;
  preferences.frameInfo.blockMode = LZ4F_blockLinked;
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  const std::string bytes = Sample(3'000'000);
  std::string frame(LZ4F_compressFrameBound(bytes.size(), &preferences), '\0');
  frame.resize(
      LZ4F_compressFrame(frame.data(), frame.size(), bytes.data(), bytes.size(), &preferences));
  EXPECT_TRUE(Decompress(Codec::kLz4, frame).value() == bytes);
}

TEST(CodecFormTest, ZstdOfTheHighestLevelWithoutASizeIsRead) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
  const std::string bytes = Sample(100'000);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  // Continue first: a frame that is ended at once declares its size.
  ZSTD_compressStream2(context, &to, &in, ZSTD_e_continue);
  ASSERT_EQ(ZSTD_compressStream2(context, &to, &in, ZSTD_e_end), 0u);
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  EXPECT_TRUE(Decompress(Codec::kZstd, out).value() == bytes);
}

std::string CodecName(const testing::TestParamInfo<Codec>& info) {
  constexpr const char* kNames[] = {"None", "Gzip", "Snappy", "Lz4", "Zstd"};
  return kNames[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(All, CodecTest, testing::ValuesIn(kCodecs), CodecName);

}  // namespace
}  // namespace wherry::kafka
