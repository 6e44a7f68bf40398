// The users that clients make and see, through the rows of the APIs.
#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

ClusterOptions WithUser() {
  ClusterOptions options;
  options.security = SecuritySettings::Make({.users = {{"given", "s3cret", ""}}}).value();
  return options;
}

class ScramApisTest : public ClusterFixture {
 protected:
  ScramApisTest() : ClusterFixture(WithUser()) {}

  static std::string Upsertion(const std::string& name, int mechanism, int iterations) {
    return absl::StrCat(R"({"Name": ")", name, R"(", "Mechanism": )", mechanism,
                        R"(, "Iterations": )", iterations,
                        R"(, "Salt": "0102", "SaltedPassword": "0304"})");
  }
  json::value Alter(const std::string& deletions, const std::string& upsertions) {
    return Ask(51, 0, R"({"Deletions": [)" + deletions + R"(], "Upsertions": [)" + upsertions +
                          "]}");
  }
  static std::int64_t ErrorOf(const json::value& response, std::size_t result) {
    return response.at("Results").at(result).at("ErrorCode").as_int64();
  }
};

TEST_F(ScramApisTest, UsersAreMadeSeenAndDeleted) {
  const json::value made =
      Alter("", Upsertion("ann", 1, 4096) + "," + Upsertion("ann", 2, 8192));
  ASSERT_EQ(made.at("Results").as_array().size(), 1u);
  EXPECT_EQ(ErrorOf(made, 0), 0);
  const std::string all = AskText(50, 0, R"({"Users": null})");
  EXPECT_THAT(all, HasSubstr(R"({"Mechanism":1,"Iterations":4096},)"
                             R"({"Mechanism":2,"Iterations":8192})"));
  EXPECT_THAT(all, HasSubstr(R"("User":"given")"));
  // Kept, where there is a store.
  On([this] {
    const auto reopened = ScramStore::Open({"default"}, store_, commits_, nullptr).value();
    EXPECT_EQ(reopened->all().size(), 2u);
    ASSERT_NE(reopened->Find("ann", ScramMechanism::kSha256), nullptr);
    EXPECT_EQ(*reopened->Find("ann", ScramMechanism::kSha256),
              ScramCredential::OfSaltedPassword(ScramMechanism::kSha256, "\x03\x04", "\x01\x02",
                                                4096));
  });
  EXPECT_EQ(ErrorOf(Alter(R"({"Name": "ann", "Mechanism": 1})", ""), 0), 0);
  EXPECT_THAT(AskText(50, 0, R"({"Users": [{"Name": "ann"}]})"),
              Not(HasSubstr(R"("Mechanism":1)")));
}

TEST_F(ScramApisTest, WhatIsWrongIsToldByUser) {
  const json::value response =
      Alter(R"({"Name": "nobody", "Mechanism": 1}, {"Name": "twice", "Mechanism": 1})",
            Upsertion("", 1, 4096) + "," + Upsertion("odd", 3, 4096) + "," +
                Upsertion("few", 1, 4095) + "," + Upsertion("many", 1, 16385) + "," +
                Upsertion("again", 1, 4096) + "," + Upsertion("again", 1, 4096) + "," +
                Upsertion("good", 1, 16384));
  std::map<std::string, std::int64_t> errors;
  for (const json::value& result : response.at("Results").as_array()) {
    errors[std::string(result.at("User").as_string())] = result.at("ErrorCode").as_int64();
  }
  EXPECT_EQ(errors, (std::map<std::string, std::int64_t>{{"nobody", 91},
                                                         {"twice", 91},
                                                         {"", 93},
                                                         {"odd", 33},
                                                         {"few", 93},
                                                         {"many", 93},
                                                         {"again", 92},
                                                         {"good", 0}}));
  EXPECT_THAT(AskText(50, 0, R"({"Users": [{"Name": "good"}, {"Name": "good"}]})"),
              HasSubstr(R"("ErrorCode":92)"));
  EXPECT_THAT(AskText(50, 0, R"({"Users": [{"Name": "nobody"}]})"), HasSubstr(R"("ErrorCode":91)"));
}

}  // namespace
}  // namespace wherry::kafka
