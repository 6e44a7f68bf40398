#include "protocol/nats/subject.h"

#include <gtest/gtest.h>

#include "protocol/nats/headers.h"

namespace wherry::nats {
namespace {

TEST(SubjectTest, ValidityIsThatOfNatsServer) {
  for (const char* good :
       {"a", "a.b", "*", ">", "a.*.c", "a.>", "a*b", "a>.b", "$SYS.x", "\xc3\xa4"}) {
    EXPECT_TRUE(IsValidSubject(good)) << good;
  }
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a.>.b", "a b", "a\tb", "a\r"}) {
    EXPECT_FALSE(IsValidSubject(bad)) << bad;
  }
  EXPECT_TRUE(IsValidLiteralSubject("a*b"));
  EXPECT_FALSE(IsValidLiteralSubject("a.*"));
}

TEST(SubjectTest, Overlapping) {
  const std::pair<const char*, const char*> together[] = {
      {"a", "a"},     {"a", "*"},       {"a", ">"},     {">", ">"},     {"a.*", "*.b"},
      {"a.>", "*.b"}, {"a.>", "a.b.>"}, {"*.>", "a.b"}, {"*.*", "a.>"}, {"*.b.*", "a.*.c"}};
  const std::pair<const char*, const char*> apart[] = {
      {"a", "b"},   {"a", "a.b"},     {"a.>", "a"},     {"a.*", "a"},
      {"*.>", "a"}, {"a.*", "a.b.>"}, {"a.>", "b.c.d"}, {"a.*.c", "*.b.d"}};
  for (const auto& [a, b] : together) {
    EXPECT_TRUE(SubjectsOverlap(a, b) && SubjectsOverlap(b, a)) << a << " " << b;
  }
  for (const auto& [a, b] : apart) {
    EXPECT_FALSE(SubjectsOverlap(a, b) || SubjectsOverlap(b, a)) << a << " " << b;
  }
}

TEST(SubjectTest, Matching) {
  EXPECT_TRUE(SubjectMatches("a.*.>", "a.b.c"));
  EXPECT_TRUE(SubjectMatches("a.*.>", "a.b.c.d"));
  EXPECT_FALSE(SubjectMatches("a.*.>", "a.b"));
  EXPECT_TRUE(SubjectMatches("a*b", "a*b"));
  EXPECT_FALSE(SubjectMatches("a*b", "axb"));
  EXPECT_FALSE(SubjectMatches("a", "a.b"));
  EXPECT_FALSE(SubjectMatches("a.b", "a"));
  EXPECT_TRUE(SubjectMatches(">", "x"));
}

TEST(HeadersTest, FindsTheFirstOfThatNameWithoutCase) {
  const char* block = "NATS/1.0\r\nA: 1\r\nname:  two \r\nNAME: 3\r\nEmpty:\r\n\r\n";
  EXPECT_TRUE(IsValidHeaderBlock(block));
  EXPECT_EQ(FindHeader(block, "Name"), "two");
  EXPECT_EQ(FindHeader(block, "empty"), "");
  EXPECT_EQ(FindHeader(block, "nam"), "");
  EXPECT_FALSE(IsValidHeaderBlock("NATS/1.0\r\n"));
}

}  // namespace
}  // namespace wherry::nats
