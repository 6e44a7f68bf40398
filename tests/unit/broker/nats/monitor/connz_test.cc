#include "broker/nats/monitor/connz.h"

#include "tests/unit/broker/nats/monitor/monitor_fixture.h"

namespace wherry::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr CloseReason kReasons[] = {CloseReason::kStaleConnection, CloseReason::kClientClosed,
                                    CloseReason::kSlowConsumerPendingBytes};

// Connection 1 to 3 have ended; each figure puts them into another order.
class ConnzTest : public MonitorFixture {
 protected:
  void SetUp() override {
    MonitorFixture::SetUp();
    for (std::uint64_t cid = 1; cid <= 3; ++cid) {
      ConnectionInfo info;
      info.cid = cid;
      info.ip = "127.0.0.1";
      info.port = static_cast<std::uint16_t>(1000 + cid);
      info.account = cid == 3 ? "A" : "$G";
      info.user = cid == 2 ? "joe" : "";
      info.name = "n" + std::to_string(cid);
      info.counts.start_unix_millis = static_cast<std::int64_t>(1000 * cid);
      info.counts.active_unix_millis = static_cast<std::int64_t>(10'000 - 1000 * (cid % 3));
      info.counts.in_msgs = cid % 3;
      info.counts.in_bytes = (cid + 1) % 3;
      info.counts.out_msgs = (4 - cid) % 3;
      info.counts.out_bytes = cid;
      info.counts.round_trip = std::chrono::microseconds(700 - 100 * cid);
      info.stop_unix_millis = static_cast<std::int64_t>(20'000 + 5000 * (cid % 3));
      info.reason = kReasons[cid - 1];
      info.pending_bytes = cid == 2 ? 9 : 0;
      info.subscription_count = 1;
      info.subscriptions = {{info.account, "s." + info.name, "", "1", cid, 0, cid}};
      server_->closed_connections().Add(std::move(info));
    }
  }

  std::vector<int> Cids(const std::string& query) {
    std::vector<int> cids;
    const boost::json::object connz = Json("/connz?" + query);
    for (const auto& one : connz.at("connections").as_array()) {
      cids.push_back(one.at("cid").to_number<int>());
    }
    EXPECT_EQ(connz.at("num_connections").to_number<std::size_t>(), cids.size());
    return cids;
  }
};

TEST_F(ConnzTest, ShowsOpenConnectionsUnlessAskedForOthers) {
  const boost::json::object connz = Json("/connz");
  EXPECT_EQ(connz.at("server_id"), boost::json::value(server_->server_id()));
  EXPECT_EQ(connz.at("total"), boost::json::value(0u));
  EXPECT_EQ(connz.at("limit"), boost::json::value(1024u));
  EXPECT_EQ(connz.at("connections"), boost::json::value(boost::json::array()));
  EXPECT_THAT(Cids("state=open"), IsEmpty());
  for (const char* const state : {"closed", "CLOSED", "all", "any"}) {
    EXPECT_THAT(Cids(std::string("state=") + state), ElementsAre(1, 2, 3)) << state;
  }
}

TEST_F(ConnzTest, TellsWhatItKnowsOfAConnection) {
  const boost::json::object connz = Json("/connz?state=closed&cid=2&auth=1&subs=detail");
  EXPECT_EQ(connz.at("connections").as_array().at(0),
            boost::json::value(boost::json::object(
                {{"cid", 2u},
                 {"kind", "Client"},
                 {"type", "nats"},
                 {"ip", "127.0.0.1"},
                 {"port", 1002},
                 {"start", "1970-01-01T00:00:02Z"},
                 {"last_activity", "1970-01-01T00:00:08Z"},
                 {"stop", "1970-01-01T00:00:30Z"},
                 {"reason", "Client Closed"},
                 {"rtt", "500\xc2\xb5s"},
                 {"uptime", "28s"},
                 {"idle", "22s"},
                 {"pending_bytes", 9u},
                 {"in_msgs", 2u},
                 {"out_msgs", 2u},
                 {"in_bytes", 0u},
                 {"out_bytes", 2u},
                 {"subscriptions", 1u},
                 {"name", "n2"},
                 {"authorized_user", "joe"},
                 {"subscriptions_list_detail",
                  boost::json::array({boost::json::object({{"account", "$G"},
                                                           {"account_tag", "$G"},
                                                           {"subject", "s.n2"},
                                                           {"sid", "1"},
                                                           {"msgs", 2u},
                                                           {"cid", 2u}})})}})));
}

TEST_F(ConnzTest, SortsByEverythingThereIs) {
  const std::pair<const char*, std::vector<int>> orders[] = {
      {"cid", {1, 2, 3}},     {"start", {1, 2, 3}},     {"subs", {1, 2, 3}},
      {"pending", {2, 1, 3}}, {"msgs_from", {2, 1, 3}}, {"bytes_from", {1, 3, 2}},
      {"msgs_to", {2, 3, 1}}, {"bytes_to", {3, 2, 1}},  {"last", {3, 1, 2}},
      {"idle", {2, 1, 3}},    {"uptime", {3, 1, 2}},    {"stop", {2, 1, 3}},
      {"reason", {2, 3, 1}},  {"rtt", {1, 2, 3}}};
  for (const auto& [sort, order] : orders) {
    EXPECT_EQ(Cids(std::string("state=closed&sort=") + sort), order) << sort;
  }
}

TEST_F(ConnzTest, FiltersAndPages) {
  EXPECT_THAT(Cids("state=closed&user=joe"), ElementsAre(2));
  EXPECT_THAT(Cids("state=closed&mqtt_client=x"), IsEmpty());
  EXPECT_THAT(Cids("state=closed&cid=3"), ElementsAre(3));
  EXPECT_THAT(Cids("state=closed&cid=9"), IsEmpty());
  EXPECT_THAT(Cids("state=closed&limit=2"), ElementsAre(1, 2));
  EXPECT_THAT(Cids("state=closed&limit=2&offset=2"), ElementsAre(3));
  EXPECT_THAT(Cids("state=closed&offset=4"), IsEmpty());
  EXPECT_EQ(Json("/connz?state=closed&limit=1").at("total"), boost::json::value(3u));
  // As nats-server has it: an ended connection is not found by the default account's name.
  EXPECT_THAT(Cids("state=closed&acc=$G"), IsEmpty());
}

TEST_F(ConnzTest, AnUnknownAccountGetsAnEmptyAnswer) {
  const boost::json::object connz = Json("/connz?acc=NOPE&state=all");
  EXPECT_EQ(connz.at("server_id"), boost::json::value(""));
  EXPECT_EQ(connz.at("total"), boost::json::value(0));
  EXPECT_EQ(connz.at("connections"), boost::json::value(nullptr));
}

TEST_F(ConnzTest, RefusesWhatItCannotDo) {
  const std::pair<const char*, const char*> refused[] = {
      {"sort=bogus", "invalid sorting option: bogus"},
      {"sort=CID", "invalid sorting option: CID"},
      {"sort=stop", "sort by stop only valid on closed connections"},
      {"sort=reason&state=all", "sort by reason only valid on closed connections"},
      {"state=Foo", "Error decoding state for Foo"},
      {"limit=x", "Error decoding int for 'limit': strconv.Atoi: parsing \"x\": invalid syntax"}};
  for (const auto& [query, text] : refused) {
    const net::HttpResponse response = Get(std::string("/connz?") + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(response.body, text) << query;
  }
}

}  // namespace
}  // namespace wherry::nats
