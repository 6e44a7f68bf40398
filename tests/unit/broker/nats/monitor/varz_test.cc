#include "tests/unit/broker/nats/monitor/monitor_fixture.h"

namespace wherry::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VarzTest : public MonitorFixture {
 protected:
  VarzTest() {
    settings_.server_name = "tub";
    settings_.max_subscriptions = 5;
    settings_.auth_timeout = std::chrono::milliseconds(2500);
    settings_.server_tags = {"One", "two"};
    settings_.server_metadata = {{"k", "v"}};
  }
};

TEST_F(VarzTest, TellsTheServerAndItsLimits) {
  monitor_->SetAddresses({"127.0.0.1", 4222, "::1", 8222});
  const boost::json::object varz = Json("/varz");
  EXPECT_EQ(varz.at("server_id"), boost::json::value(server_->server_id()));
  EXPECT_EQ(varz.at("server_name"), boost::json::value("tub"));
  EXPECT_EQ(varz.at("version"), boost::json::value("2.15.2"));
  EXPECT_EQ(varz.at("host"), boost::json::value("127.0.0.1"));
  EXPECT_EQ(varz.at("port"), boost::json::value(4222));
  EXPECT_EQ(varz.at("http_host"), boost::json::value("::1"));
  EXPECT_EQ(varz.at("http_port"), boost::json::value(8222));
  EXPECT_EQ(varz.at("max_subscriptions"), boost::json::value(5));
  EXPECT_EQ(varz.at("max_payload"), boost::json::value(1024 * 1024));
  EXPECT_EQ(varz.at("auth_timeout"), boost::json::value(2.5));
  EXPECT_EQ(varz.at("ping_interval"), boost::json::value(120'000'000'000));
  EXPECT_EQ(varz.at("write_deadline"), boost::json::value(10'000'000'000));
  EXPECT_EQ(varz.at("tags"), boost::json::value(boost::json::array({"one", "two"})));
  EXPECT_EQ(varz.at("metadata"), boost::json::value(boost::json::object({{"k", "v"}})));
  EXPECT_EQ(varz.at("cluster"), boost::json::value(boost::json::object()));
  EXPECT_GT(varz.at("mem").as_int64(), 0);
  EXPECT_GT(varz.at("cores").as_int64(), 0);
  EXPECT_FALSE(varz.contains("auth_required"));
}

class AdvertisedVarzTest : public MonitorFixture {
 protected:
  AdvertisedVarzTest() { settings_.client_advertise = {"tub.example", 5222}; }
};

TEST_F(AdvertisedVarzTest, TellsTheAddressThatClientsAreTold) {
  monitor_->SetAddresses({"127.0.0.1", 4222, "127.0.0.1", 8222});
  const boost::json::object varz = Json("/varz");
  EXPECT_EQ(varz.at("host"), boost::json::value("tub.example"));
  EXPECT_EQ(varz.at("port"), boost::json::value(5222));
}

TEST_F(VarzTest, AddsUpTheShards) {
  for (std::size_t i = 0; i < kShards; ++i) {
    Counters& counters = server_->part(i).counters();
    counters.in_msgs.Add(i + 1);
    counters.in_bytes.Add(10);
    counters.out_msgs.Add(2);
    counters.out_bytes.Add(20);
    counters.total_connections.Add(3);
    counters.slow_consumers.Add(1);
    counters.stale_connections.Add(2);
    counters.stalled_clients.Add(4);
  }
  Subscribe(1, "a", "1");
  const boost::json::object varz = Json("/varz");
  EXPECT_EQ(varz.at("in_msgs"), boost::json::value(6u));
  EXPECT_EQ(varz.at("in_client_msgs"), boost::json::value(6u));
  EXPECT_EQ(varz.at("in_bytes"), boost::json::value(30u));
  EXPECT_EQ(varz.at("out_msgs"), boost::json::value(6u));
  EXPECT_EQ(varz.at("out_client_bytes"), boost::json::value(60u));
  EXPECT_EQ(varz.at("total_connections"), boost::json::value(9u));
  EXPECT_EQ(varz.at("slow_consumers"), boost::json::value(3u));
  EXPECT_EQ(varz.at("slow_consumer_stats").at("clients"), boost::json::value(3u));
  EXPECT_EQ(varz.at("stale_connection_stats").at("clients"), boost::json::value(6u));
  EXPECT_EQ(varz.at("stalled_clients"), boost::json::value(12u));
  EXPECT_EQ(varz.at("subscriptions"), boost::json::value(1u));
}

TEST_F(VarzTest, CountsTheRequestsOfEachPage) {
  Get("/");
  // As nats-server has it: what cannot be read is not counted, what cannot be done is.
  Get("/connz?limit=x");
  Get("/connz?sort=stop");
  Get("/connz");
  Get("/subscriptionsz");
  const boost::json::object varz = Json("/varz");
  EXPECT_EQ(varz.at("http_req_stats"),
            boost::json::value(
                boost::json::object({{"/", 1u}, {"/connz", 2u}, {"/subsz", 1u}, {"/varz", 1u}})));
}

TEST_F(VarzTest, TheIndexLinksToThePages) {
  const net::HttpResponse index = Get("/");
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  for (const char* const page : {"varz", "connz", "subsz", "accountz", "healthz"}) {
    EXPECT_THAT(index.body, HasSubstr(std::string("./") + page));
  }
}

TEST_F(VarzTest, PagesMayBeReadFromAnyOrigin) {
  EXPECT_THAT(Get("/varz").headers,
              ElementsAre(std::pair<std::string, std::string>("Access-Control-Allow-Origin", "*")));
}

}  // namespace
}  // namespace wherry::nats
