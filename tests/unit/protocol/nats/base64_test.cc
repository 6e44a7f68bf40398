#include "protocol/nats/base64.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wherry::nats {
namespace {

TEST(Base64Test, UrlAlphabetWithoutPadding) {
  EXPECT_EQ(EncodeBase64Url(""), "");
  EXPECT_EQ(EncodeBase64Url("f"), "Zg");
  EXPECT_EQ(EncodeBase64Url("fo"), "Zm8");
  EXPECT_EQ(EncodeBase64Url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(EncodeBase64Url("\xfb\xff\xbf"), "-_-_");
  EXPECT_EQ(DecodeBase64Url("Zm9v\r\nYmE"), "fooba") << "line ends are skipped";
  EXPECT_EQ(DecodeBase64Url("Zh"), "f") << "bits beyond the last byte are nobody's";
  for (const char* wrong : {"Zg==", "Z", "Zm9vY", "Zm+v", "Zm/v", "Zm v", "Zm9=", "Zm9v!"})
    EXPECT_FALSE(DecodeBase64Url(wrong).has_value()) << wrong;
}

TEST(Base64Test, StandardAlphabetWithPadding) {
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
  EXPECT_EQ(EncodeBase64("\xfb\xff\xbf"), "+/+/");
  EXPECT_EQ(DecodeBase64("Zg=="), "f");
  EXPECT_EQ(DecodeBase64("Zm8="), "fo");
  EXPECT_EQ(DecodeBase64("Zm9v"), "foo");
  EXPECT_EQ(DecodeBase64("+/+/"), "\xfb\xff\xbf");
  for (const char* wrong : {"Zg", "Zg=", "Zg===", "Zm8", "Zm9v=", "Z===", "-_-_", "Zg==Zg==", "="})
    EXPECT_FALSE(DecodeBase64(wrong).has_value()) << wrong;
}

RC_GTEST_PROP(Base64Test, WhatWasEncodedIsDecoded, (const std::string& bytes)) {
  const std::string text = EncodeBase64Url(bytes);
  RC_ASSERT(text.size() == (bytes.size() * 4 + 2) / 3);
  RC_ASSERT(DecodeBase64Url(text) == bytes);
  RC_ASSERT(DecodeBase64(EncodeBase64(bytes)) == bytes);
}

}  // namespace
}  // namespace wherry::nats
