#include "tests/unit/broker/nats/monitor/monitor_fixture.h"

namespace wherry::nats {
namespace {

using AccountzTest = MonitorFixture;

TEST_F(AccountzTest, ListsTheAccounts) {
  const boost::json::object accountz = Json("/accountz");
  EXPECT_EQ(accountz.at("server_id"), boost::json::value(server_->server_id()));
  EXPECT_EQ(accountz.at("accounts"), boost::json::value(boost::json::array({"$G", "A"})));
  EXPECT_FALSE(accountz.contains("account_detail"));
}

TEST_F(AccountzTest, TellsOfOneAccount) {
  Subscribe(2, "a", "1");
  const boost::json::object detail = Json("/accountz?acc=%24G").at("account_detail").as_object();
  EXPECT_EQ(detail.at("account_name"), boost::json::value("$G"));
  EXPECT_EQ(detail.at("complete"), boost::json::value(true));
  EXPECT_EQ(detail.at("jetstream_enabled"), boost::json::value(false));
  EXPECT_EQ(detail.at("client_connections"), boost::json::value(0u));
  EXPECT_EQ(detail.at("subscriptions"), boost::json::value(1u));
  EXPECT_EQ(detail.at("sublist_stats").at("num_inserts"), boost::json::value(1u));
}

TEST_F(AccountzTest, AnUnknownAccountIsAnError) {
  const net::HttpResponse response = Get("/accountz?acc=NOPE");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(response.body, "Account NOPE does not exist");
}

}  // namespace
}  // namespace wherry::nats
