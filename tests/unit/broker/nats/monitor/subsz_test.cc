#include "tests/unit/broker/nats/monitor/monitor_fixture.h"

namespace wherry::nats {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SubszTest : public MonitorFixture {
 protected:
  std::vector<std::string> Subjects(const std::string& target) {
    std::vector<std::string> subjects;
    const boost::json::object subsz = Json(target);
    if (!subsz.contains("subscriptions_list")) return subjects;
    for (const auto& one : subsz.at("subscriptions_list").as_array()) {
      subjects.emplace_back(one.at("subject").as_string().c_str());
    }
    return subjects;
  }
};

TEST_F(SubszTest, CountsWithoutListing) {
  Subscribe(0, "a", "1");
  const SubscriptionPtr gone = Subscribe(1, "b.*", "2");
  server_->global_account().Unsubscribe(*gone);
  const boost::json::object subsz = Json("/subsz");
  EXPECT_EQ(subsz.at("num_subscriptions"), boost::json::value(1u));
  EXPECT_EQ(subsz.at("num_inserts"), boost::json::value(2u));
  EXPECT_EQ(subsz.at("num_removes"), boost::json::value(1u));
  EXPECT_EQ(subsz.at("total"), boost::json::value(0u));
  EXPECT_EQ(subsz.at("limit"), boost::json::value(1024u));
  EXPECT_FALSE(subsz.contains("subscriptions_list"));
}

TEST_F(SubszTest, ListsThoseOfEveryShard) {
  Subscribe(0, "a", "1");
  Subscribe(1, "b.*", "2", "workers")->max = 5;
  Subscribe(2, "c.>", "3");
  EXPECT_THAT(Subjects("/subsz?subs=1"), UnorderedElementsAre("a", "b.*", "c.>"));
  const boost::json::object one = Json("/subsz?subs=1&test=b.x");
  EXPECT_EQ(one.at("total"), boost::json::value(1u));
  EXPECT_EQ(one.at("subscriptions_list").as_array().at(0),
            boost::json::value(boost::json::object({{"account", "$G"},
                                                    {"account_tag", "$G"},
                                                    {"subject", "b.*"},
                                                    {"qgroup", "workers"},
                                                    {"sid", "2"},
                                                    {"msgs", 0u},
                                                    {"max", 5u},
                                                    {"cid", 7u}})));
}

TEST_F(SubszTest, PagesCoverEverySubscriptionOnce) {
  std::vector<std::string> all;
  for (int i = 0; i < 30; ++i) {
    all.push_back("s" + std::to_string(i));
    Subscribe(i % kShards, all.back(), std::to_string(i));
  }
  std::vector<std::string> seen;
  for (int offset = 0; offset < 40; offset += 7) {
    const std::string page = "/subsz?subs=1&limit=7&offset=" + std::to_string(offset);
    EXPECT_EQ(Json(page).at("total"), boost::json::value(30u));
    for (std::string& subject : Subjects(page)) seen.push_back(std::move(subject));
  }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(all));
  EXPECT_THAT(Subjects("/subsz?subs=1&offset=99"), IsEmpty());
  EXPECT_THAT(Subjects("/subsz?subs=1&limit=-1&offset=-1"), ::testing::SizeIs(30));
}

TEST_F(SubszTest, AnotherAccountHasNone) {
  Subscribe(0, "a", "1");
  EXPECT_THAT(Subjects("/subsz?subs=1&acc=X"), IsEmpty());
  EXPECT_EQ(Json("/subsz?acc=X").at("num_subscriptions"), boost::json::value(0u));
  EXPECT_EQ(Json("/subsz?acc=$G").at("num_subscriptions"), boost::json::value(1u));
}

TEST_F(SubszTest, TellsHowSubjectsFoundTheirSubscriptions) {
  Subscribe(0, "a", "1");
  Subscribe(1, "a", "2", "q");
  std::promise<void> done;
  shards_[1]->Post([&] {
    Router& router = server_->part(1).RouterOf(server_->global_account());
    // Kept from the second time on, found from the third.
    for (int i = 0; i < 4; ++i) router.Find("a");
    done.set_value();
  });
  done.get_future().wait();
  const boost::json::object subsz = Json("/subsz");
  EXPECT_EQ(subsz.at("num_cache"), boost::json::value(1u));
  EXPECT_EQ(subsz.at("num_matches"), boost::json::value(4u));
  EXPECT_EQ(subsz.at("cache_hit_rate").to_number<double>(), 0.5);
  EXPECT_EQ(subsz.at("max_fanout"), boost::json::value(2u));
  EXPECT_EQ(subsz.at("avg_fanout").to_number<double>(), 2.0);
}

TEST_F(SubszTest, TheTestMustBeASubjectToPublishTo) {
  const net::HttpResponse response = Get("/subsz?test=a.*");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "invalid test subject, must be valid publish subject: a.*");
}

}  // namespace
}  // namespace wherry::nats
