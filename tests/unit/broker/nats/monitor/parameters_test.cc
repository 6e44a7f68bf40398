#include "broker/nats/monitor/parameters.h"

#include <gmock/gmock.h>

namespace wherry::nats {
namespace {

Parameters Of(const std::string& query) {
  net::HttpRequest request;
  request.query = query;
  return Parameters(request);
}

TEST(ParametersTest, WhatIsAbsentIsZero) {
  Parameters parameters = Of("other=1&limit=");
  EXPECT_FALSE(parameters.Bool("subs"));
  EXPECT_EQ(parameters.Int("limit"), 0);
  EXPECT_EQ(parameters.Uint64("cid"), 0u);
  EXPECT_EQ(parameters.Text("acc"), "");
  EXPECT_TRUE(parameters.ok());
}

TEST(ParametersTest, ReadsWhatGoReads) {
  Parameters parameters = Of("a=T&b=False&c=-12&d=%2B7&e=18446744073709551615&f=x+y%24");
  EXPECT_TRUE(parameters.Bool("a"));
  EXPECT_FALSE(parameters.Bool("b"));
  EXPECT_EQ(parameters.Int("c"), -12);
  EXPECT_EQ(parameters.Int("d"), 7);
  EXPECT_EQ(parameters.Uint64("e"), 18446744073709551615u);
  EXPECT_EQ(parameters.Text("f"), "x y$");
  EXPECT_TRUE(parameters.ok());
}

TEST(ParametersTest, WhatCannotBeReadIsToldInGosWords) {
  Parameters boolean = Of("subs=yes");
  boolean.Bool("subs");
  EXPECT_EQ(
      boolean.Refusal().body,
      "Error decoding boolean for 'subs': strconv.ParseBool: parsing \"yes\": invalid syntax");
  EXPECT_EQ(boolean.Refusal().status, 400);
  Parameters number = Of("limit=99999999999999999999");
  number.Int("limit");
  EXPECT_EQ(number.Refusal().body,
            "Error decoding int for 'limit': strconv.Atoi: parsing \"99999999999999999999\": "
            "value out of range");
  Parameters id = Of("cid=-1");
  id.Uint64("cid");
  EXPECT_EQ(id.Refusal().body,
            "Error decoding uint64 for 'cid': strconv.ParseUint: parsing \"-1\": invalid syntax");
  for (const char* const query : {"limit=%2B-3", "limit=1x", "limit=%2B", "limit=--1"}) {
    Parameters bad = Of(query);
    bad.Int("limit");
    EXPECT_FALSE(bad.ok()) << query;
  }
}

TEST(ParametersTest, TheFirstComplaintCounts) {
  Parameters parameters = Of("a=x&b=y");
  parameters.Bool("a");
  parameters.Bool("b");
  EXPECT_THAT(parameters.Refusal().body, ::testing::HasSubstr("'a'"));
}

}  // namespace
}  // namespace wherry::nats
