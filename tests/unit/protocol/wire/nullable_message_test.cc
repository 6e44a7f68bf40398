#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"
#include "protocol/wire/json.h"

namespace wherry::wire {
namespace {

struct Inner {
  std::int32_t number = 0;

  static void Visit(auto& v, auto& m) { v.Field("Number", m.number); }
};

struct Outer {
  std::optional<Inner> inner;
  std::int8_t last = 7;

  static void Visit(auto& v, auto& m) {
    v.Nullable("Inner", m.inner);
    v.Field("Last", m.last);
  }
};

std::string Encode(const Outer& outer) {
  Encoded encoded;
  Encoder(encoded, 0, true).Encode(outer);
  return encoded.Flat();
}

TEST(NullableMessageTest, AByteSaysWhetherItIsThere) {
  EXPECT_EQ(Encode({}), std::string("\xff\x07\x00", 3));
  // Behind each message an empty section of tagged fields.
  EXPECT_EQ(Encode({Inner{258}}), std::string("\x01\x00\x00\x01\x02\x00\x07\x00", 8));
}

TEST(NullableMessageTest, ItIsReadAsItIsWritten) {
  for (const Outer& outer : {Outer{}, Outer{Inner{258}}}) {
    const std::string bytes = Encode(outer);
    Outer read{Inner{1}};
    Decoder decoder(bytes, 0, true);
    ASSERT_TRUE(decoder.Decode(read));
    EXPECT_TRUE(decoder.rest().empty());
    EXPECT_EQ(read.inner.has_value(), outer.inner.has_value());
    EXPECT_EQ(read.inner.value_or(Inner()).number, outer.inner.value_or(Inner()).number);
    EXPECT_EQ(read.last, 7);
    const boost::json::value json = JsonWriter(0, true).Write(outer);
    Outer again{Inner{1}};
    ASSERT_TRUE(JsonReader(0, true).Read(json, again));
    EXPECT_EQ(Encode(again), bytes);
  }
  Outer cut;
  EXPECT_FALSE(Decoder(std::string_view("\x01\x00", 2), 0, true).Decode(cut));
}

}  // namespace
}  // namespace wherry::wire
