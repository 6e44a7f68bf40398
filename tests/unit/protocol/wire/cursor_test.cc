#include "protocol/wire/cursor.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wherry::wire {
namespace {

using namespace std::string_view_literals;

template <typename Put>
std::string Written(Put put) {
  std::string bytes;
  Writer writer(bytes);
  put(writer);
  return bytes;
}

TEST(CursorTest, IntegersAreBigEndian) {
  EXPECT_EQ(Written([](Writer& w) { w.Int<std::int32_t>(0x01020304); }), "\1\2\3\4");
  EXPECT_EQ(Written([](Writer& w) { w.Int<std::int16_t>(-2); }), "\xff\xfe");
  EXPECT_EQ(Written([](Writer& w) { w.Int<std::int64_t>(1); }), "\0\0\0\0\0\0\0\1"sv);
  EXPECT_EQ(Reader("\xff\xfe").Int<std::int16_t>(), -2);
  EXPECT_EQ(Reader("\xff\xfe").Int<std::uint16_t>(), 0xfffe);
}

TEST(CursorTest, VarintsAreThoseOfProtobuf) {
  EXPECT_EQ(Written([](Writer& w) { w.Uvarint(300); }), "\xac\x02");
  EXPECT_EQ(Written([](Writer& w) { w.Uvarint(UINT32_MAX); }), "\xff\xff\xff\xff\x0f");
  EXPECT_EQ(Written([](Writer& w) { w.Varint(0); }), "\0"sv);
  EXPECT_EQ(Written([](Writer& w) { w.Varint(-1); }), "\1");
  EXPECT_EQ(Written([](Writer& w) { w.Varint(1); }), "\2");
  EXPECT_EQ(Written([](Writer& w) { w.Varint(std::numeric_limits<std::int32_t>::min()); }),
            "\xff\xff\xff\xff\x0f");
  EXPECT_EQ(Written([](Writer& w) { w.Varlong(std::numeric_limits<std::int64_t>::min()); }),
            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(CursorTest, WhatDoesNotFitIsAnError) {
  const std::string_view broken[] = {"", "\x80", "\xff\xff\xff\xff\x10" /* bit 32 */,
                                     "\xff\xff\xff\xff\xff\x01" /* 6 bytes */};
  for (const std::string_view bytes : broken) {
    Reader reader(bytes);
    EXPECT_EQ(reader.Uvarint(), 0u);
    EXPECT_FALSE(reader.ok()) << bytes.size();
  }
  for (const std::string_view bytes : {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv /* bit 64 */,
                                       "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv}) {
    Reader reader(bytes);
    EXPECT_EQ(reader.Varlong(), 0);
    EXPECT_FALSE(reader.ok()) << bytes.size();
  }
}

TEST(CursorTest, AFailureIsForGood) {
  Reader reader("\1\2\3");
  EXPECT_EQ(reader.Int<std::int8_t>(), 1);
  EXPECT_EQ(reader.Int<std::int32_t>(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Int<std::int8_t>(), 0) << "the two bytes that were left are gone";
  EXPECT_EQ(reader.Take(1), "");
  EXPECT_EQ(reader.Take(0), "");
  EXPECT_FALSE(reader.ok());
}

TEST(CursorTest, TakeGivesViewsAndNeverMoreThanThereIs) {
  const std::string bytes = "abcdef";
  Reader reader(bytes);
  const std::string_view taken = reader.Take(4);
  EXPECT_EQ(taken, "abcd");
  EXPECT_EQ(taken.data(), bytes.data());
  EXPECT_EQ(reader.rest(), "ef");
  EXPECT_EQ(reader.Take(std::numeric_limits<std::size_t>::max()), "");
  EXPECT_FALSE(reader.ok());
}

RC_GTEST_PROP(CursorTest, WhatIsWrittenIsRead,
              (std::int8_t a, std::uint16_t b, std::int32_t c, std::int64_t d, std::uint32_t e,
               std::int32_t f, std::int64_t g, const std::string& h)) {
  const std::string bytes = Written([&](Writer& w) {
    w.Int(a);
    w.Int(b);
    w.Int(c);
    w.Int(d);
    w.Uvarint(e);
    w.Varint(f);
    w.Varlong(g);
    w.Bytes(h);
  });
  Reader reader(bytes);
  RC_ASSERT(reader.Int<std::int8_t>() == a);
  RC_ASSERT(reader.Int<std::uint16_t>() == b);
  RC_ASSERT(reader.Int<std::int32_t>() == c);
  RC_ASSERT(reader.Int<std::int64_t>() == d);
  RC_ASSERT(reader.Uvarint() == e);
  RC_ASSERT(reader.Varint() == f);
  RC_ASSERT(reader.Varlong() == g);
  RC_ASSERT(reader.Take(h.size()) == h);
  RC_ASSERT(reader.ok());
  RC_ASSERT(reader.rest().empty());
}

// The whole range, not only the small numbers that are drawn by default.
RC_GTEST_PROP(CursorTest, VarintsOfAnySizeComeBack, ()) {
  const auto value = *rc::gen::arbitrary<std::int64_t>() << *rc::gen::inRange(0, 63);
  const std::string bytes = Written([&](Writer& w) {
    w.Varlong(value);
    w.Varint(static_cast<std::int32_t>(value));
  });
  Reader reader(bytes);
  RC_ASSERT(reader.Varlong() == value);
  RC_ASSERT(reader.Varint() == static_cast<std::int32_t>(value));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    Reader part(std::string_view(bytes).substr(0, cut));
    part.Varlong();
    part.Varint();
    RC_ASSERT_FALSE(part.ok());
  }
}

}  // namespace
}  // namespace wherry::wire
