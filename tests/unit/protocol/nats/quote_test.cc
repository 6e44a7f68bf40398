// What Go's strconv.Quote answered.
#include "protocol/nats/quote.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wherry::nats {
namespace {

TEST(QuoteTest, AsGoDoesIt) {
  EXPECT_EQ(Quote(""), R"("")");
  EXPECT_EQ(Quote("a.b.*.>"), R"("a.b.*.>")");
  EXPECT_EQ(Quote("a\"b\\"), R"("a\"b\\")");
  EXPECT_EQ(Quote("a\x01\x1b\x7f"), R"("a\x01\x1b\x7f")");
  EXPECT_EQ(Quote("\a\b\t\n\v\f\r"), R"("\a\b\t\n\v\f\r")");
  EXPECT_EQ(Quote(std::string_view("\0", 1)), R"("\x00")");
  EXPECT_EQ(Quote("\xff\xc3x\xc3"), R"("\xff\xc3x\xc3")");
  EXPECT_EQ(Quote("\u00a0\u00ad\u00e4\u200b\u3000"), "\"\\u00a0\\u00ad\u00e4\\u200b\\u3000\"");
  EXPECT_EQ(Quote("\u20ac\U0001F600\U000E0001"), "\"\u20ac\U0001F600\\U000e0001\"");
  EXPECT_EQ(Quote("\xed\xa0\x80"), R"("\xed\xa0\x80")") << "a surrogate is no UTF-8";
  EXPECT_EQ(Quote("\xc0\x80\xf5"), R"("\xc0\x80\xf5")") << "nor is an overlong form";
  EXPECT_EQ(Quote("\ue000\ufeff\ufffd"), "\"\\ue000\\ufeff\ufffd\"");
}

RC_GTEST_PROP(QuoteTest, NoLineEndAndNoBareQuoteGetsOut, (const std::string& text)) {
  const std::string quoted = Quote(text);
  RC_ASSERT(quoted.size() >= 2u);
  bool escaped = false;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    RC_ASSERT(static_cast<unsigned char>(quoted[i]) >= 0x20);
    RC_ASSERT(escaped || quoted[i] != '"');
    escaped = quoted[i] == '\\' && !escaped;
  }
  RC_ASSERT(!escaped);
}

}  // namespace
}  // namespace wherry::nats
