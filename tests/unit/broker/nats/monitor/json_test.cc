#include "broker/nats/monitor/json.h"

#include <gmock/gmock.h>

namespace wherry::nats {
namespace {

namespace json = boost::json;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(MonitorJsonTest, IsIndentedAsGoDoesIt) {
  const json::value value{{"a", 1},
                          {"list", {1, "x"}},
                          {"none", json::array()},
                          {"empty", json::object()},
                          {"null", nullptr}};
  EXPECT_EQ(IndentedJson(value),
            "{\n  \"a\": 1,\n  \"list\": [\n    1,\n    \"x\"\n  ],\n  \"none\": [],\n"
            "  \"empty\": {},\n  \"null\": null\n}");
  EXPECT_EQ(CompactJson({{"a", true}}), "{\"a\":true}");
}

TEST(MonitorJsonTest, NumbersHaveNoExponent) {
  EXPECT_EQ(CompactJson({2.0, 0.1, 1.0 / 6, 0.0, 1e9}), "[2,0.1,0.16666666666666666,0,1000000000]");
}

TEST(MonitorJsonTest, StringsAreSafeInHtmlAndAlwaysUtf8) {
  EXPECT_EQ(CompactJson("a\"\\<b>&\n\x01\xff\xc3\xa9\xe2\x80\xa8"),
            "\"a\\\"\\\\\\u003cb\\u003e\\u0026\\n\\u0001\\ufffd\xc3\xa9\\u2028\"");
  // Cut off, overlong, a surrogate.
  EXPECT_EQ(CompactJson("\xc3"), "\"\\ufffd\"");
  EXPECT_EQ(CompactJson("\xe0\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
  EXPECT_EQ(CompactJson("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
}

TEST(MonitorJsonTest, TimesHaveNoTrailingZeros) {
  EXPECT_EQ(GoTime(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(GoTime(50), "1970-01-01T00:00:00.05Z");
  EXPECT_EQ(GoTime(86'400'123), "1970-01-02T00:00:00.123Z");
}

TEST(MonitorJsonTest, DurationsAreWrittenAsGoDoesIt) {
  EXPECT_EQ(GoDuration(seconds(0)), "0s");
  EXPECT_EQ(GoDuration(nanoseconds(17)), "17ns");
  EXPECT_EQ(GoDuration(nanoseconds(1500)), "1.5\xc2\xb5s");
  EXPECT_EQ(GoDuration(microseconds(2345)), "2.345ms");
  EXPECT_EQ(GoDuration(seconds(1) + microseconds(50)), "1.00005s");
  EXPECT_EQ(GoDuration(seconds(3600)), "1h0m0s");
  EXPECT_EQ(GoDuration(seconds(125)), "2m5s");
}

TEST(MonitorJsonTest, UptimeBeginsWithTheLargestUnitThereIs) {
  EXPECT_EQ(Uptime(999), "0s");
  EXPECT_EQ(Uptime(61'000), "1m1s");
  EXPECT_EQ(Uptime(3'600'000), "1h0m0s");
  EXPECT_EQ(Uptime(std::int64_t{90'000'000}), "1d1h0m0s");
  EXPECT_EQ(Uptime(std::int64_t{86'400'000} * 366), "1y1d0h0m0s");
}

TEST(MonitorJsonTest, QuotesAsGoDoesIt) {
  EXPECT_EQ(GoQuote("a\"b\\"), "\"a\\\"b\\\\\"");
  EXPECT_EQ(GoQuote("\n\x01\xff\xc3\xa9"), "\"\\n\\x01\\xff\xc3\xa9\"");
}

}  // namespace
}  // namespace wherry::nats
