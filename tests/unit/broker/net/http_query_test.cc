#include "broker/net/http_query.h"

#include <gtest/gtest.h>

namespace wherry::net {
namespace {

TEST(HttpQueryTest, GivesTheFirstValueDecoded) {
  EXPECT_EQ(HttpQueryValue("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(HttpQueryValue("a=1&b=2", "b"), "2");
  EXPECT_EQ(HttpQueryValue("x%20y=%24G+z", "x y"), "$G z");
  EXPECT_EQ(HttpQueryValue("a=b=c", "a"), "b=c");
}

TEST(HttpQueryTest, WhatIsAbsentIsEmpty) {
  EXPECT_EQ(HttpQueryValue("", "a"), "");
  EXPECT_EQ(HttpQueryValue("a", "a"), "");
  EXPECT_EQ(HttpQueryValue("aa=1&=2", "a"), "");
}

TEST(HttpQueryTest, ABrokenPairIsPassedOver) {
  EXPECT_EQ(HttpQueryValue("a=%zz&a=2", "a"), "2");
  EXPECT_EQ(HttpQueryValue("a=%2&a=2", "a"), "2");
  EXPECT_EQ(HttpQueryValue("a=1;b=2&a=3", "a"), "3");
}

}  // namespace
}  // namespace wherry::net
