// The monitoring pages over HTTP, of one thread and of three.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "tests/conformance/nats/monitor_clients.h"
#include "tests/conformance/nats/nats_client.h"
#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/http_client.h"

namespace wherry::conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

namespace json = boost::json;

class NatsMonitorTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (NatsServer::Wanted() == NatsServer::Kind::kRemote) GTEST_SKIP() << "needs its own server";
    Start({});
  }
  void Start(const NatsOptions& options) {
    server_.reset();
    server_ = NatsServer::Start(NatsServer::Wanted(),
                                {.nats = options, .monitored = true, .threads = GetParam()});
    ASSERT_NE(server_, nullptr);
  }
  json::object Get(const std::string& target) const {
    return HttpGetJson(server_->monitor_url(), target);
  }
  // The connection of that name, as /connz shows it; an empty object if it does not.
  json::object Named(const std::string& name, const std::string& query = "state=all") const {
    const json::object connz = Get("/connz?" + query);
    for (const json::value& one : connz.at("connections").as_array()) {
      if (one.as_object().contains("name") && one.at("name").as_string() == name.c_str()) {
        return one.as_object();
      }
    }
    return {};
  }
  std::string ReasonOf(const std::string& name) const {
    const Deadline deadline;
    while (!deadline.Passed()) {
      const json::object ended = Named(name, "state=closed");
      if (ended.contains("reason")) return ended.at("reason").as_string().c_str();
    }
    return "(has not ended)";
  }
  static std::uint64_t Number(const json::object& object, const char* key) {
    return object.at(key).to_number<std::uint64_t>();
  }

  std::unique_ptr<NatsServer> server_;
};

INSTANTIATE_TEST_SUITE_P(Threads, NatsMonitorTest, ::testing::Values(1, 3),
                         [](const auto& info) { return std::to_string(info.param); });

TEST_P(NatsMonitorTest, ConnzCountsForEachConnection) {
  const NatsConnectOptions named = ConnectOptions(server_->url());
  ASSERT_EQ(natsOptions_SetName(named.get(), "reader"), NATS_OK);
  const NatsConnection reader = Connect(named);
  const NatsSub subscription = Subscribe(reader, "news.*");
  const NatsConnection writer = Connect(server_->url());
  for (const char* const payload : {"one", "two", "three"}) Publish(writer, "news.a", payload);
  Flush(writer);
  EXPECT_EQ(NextPayloads(subscription, 3).size(), 3u);

  const json::object one = Named("reader");
  EXPECT_EQ(one.at("kind").as_string(), "Client");
  EXPECT_EQ(one.at("lang").as_string(), "C");
  EXPECT_EQ(one.at("ip").as_string(), "127.0.0.1");
  EXPECT_EQ(Number(one, "out_msgs"), 3u);
  EXPECT_EQ(Number(one, "out_bytes"), 11u);
  EXPECT_EQ(Number(one, "in_msgs"), 0u);
  EXPECT_EQ(Number(one, "subscriptions"), 1u);
  EXPECT_NE(one.at("rtt").as_string(), "0s");
  EXPECT_FALSE(one.contains("stop"));
  const json::object connz = Get("/connz?sort=msgs_from&limit=1");
  EXPECT_EQ(Number(connz, "total"), 2u);
  EXPECT_EQ(Number(connz.at("connections").as_array().at(0).as_object(), "in_msgs"), 3u);
  EXPECT_EQ(Number(connz.at("connections").as_array().at(0).as_object(), "in_bytes"), 11u);
}

TEST_P(NatsMonitorTest, ConnzListsSubscriptions) {
  const RawSocket client = NamedClient(*server_, "a", "SUB x 1\r\nSUB y.* q 2\r\nUNSUB 2 9\r\n");
  std::vector<std::string> subjects;
  const json::object with_subjects = Named("a", "subs=1");
  for (const json::value& subject : with_subjects.at("subscriptions_list").as_array()) {
    subjects.emplace_back(subject.as_string().c_str());
  }
  EXPECT_THAT(subjects, UnorderedElementsAre("x", "y.*"));
  const json::object with_details = Named("a", "subs=detail");
  for (const json::value& one : with_details.at("subscriptions_list_detail").as_array()) {
    if (one.at("sid").as_string() != "2") continue;
    EXPECT_EQ(one.at("qgroup").as_string(), "q");
    EXPECT_EQ(Number(one.as_object(), "max"), 9u);
    EXPECT_EQ(Number(one.as_object(), "cid"), Number(with_details, "cid"));
  }
  EXPECT_FALSE(Named("a").contains("subscriptions_list"));
}

TEST_P(NatsMonitorTest, EndedConnectionsTellWhy) {
  EndClientsForEveryReason(*server_);
  const json::object connz = Get("/connz?state=closed&subs=1");
  for (const json::value& one : connz.at("connections").as_array()) {
    EXPECT_EQ(one.at("reason").as_string(), one.at("name").as_string());
  }
  EXPECT_EQ(Number(connz, "total"), 9u);
  EXPECT_EQ(Named("Client Closed", "state=closed&subs=1").at("subscriptions_list"),
            json::value({"gone"}));
  EXPECT_EQ(Number(Get("/connz"), "total"), 0u);
  EXPECT_EQ(Number(Get("/varz"), "connections"), 0u);
  EXPECT_EQ(Number(Get("/varz"), "total_connections"), 9u);
}

TEST_P(NatsMonitorTest, AnOffenderIsGoneFromTheListAtOnce) {
  RawSocket client = NamedClient(*server_, "lingers");
  client.Send("NONSENSE\r\n");
  // It has not closed its side, and need not.
  ASSERT_TRUE(client.AwaitText("-ERR"));
  AwaitEnded(*server_, 1);
  EXPECT_EQ(Number(Get("/connz"), "total"), 0u);
  EXPECT_EQ(ReasonOf("lingers"), "Protocol Violation");
}

TEST_P(NatsMonitorTest, SlowConsumersAreToldApart) {
  NatsOptions options;
  options.max_pending = 1024 * 1024;
  options.stall_fast_producers = false;
  Start(options);
  RawSocket slow(AddressOfUrl(server_->url()), 4096);
  slow.TakeLine();
  slow.Send("CONNECT {\"name\":\"slow\",\"verbose\":false}\r\nSUB big 1\r\nPING\r\n");
  ASSERT_TRUE(slow.AwaitText("PONG\r\n"));
  const NatsConnection writer = Connect(server_->url());
  const std::string payload(100'000, 'x');
  for (int i = 0; i < 100; ++i) Publish(writer, "big", payload);
  Flush(writer);
  EXPECT_EQ(ReasonOf("slow"), "Slow Consumer (Pending Bytes)");
  const json::object varz = Get("/varz");
  EXPECT_EQ(Number(varz, "slow_consumers"), 1u);
  EXPECT_EQ(Number(varz.at("slow_consumer_stats").as_object(), "clients"), 1u);
}

TEST_P(NatsMonitorTest, AClientThatTakesNothingMissesTheWriteDeadline) {
  if (NatsServer::Wanted() != NatsServer::Kind::kWherry) GTEST_SKIP() << "sets write_deadline";
  NatsOptions options;
  options.write_deadline = std::chrono::milliseconds(100);
  Start(options);
  RawSocket slow(AddressOfUrl(server_->url()), 4096);
  slow.TakeLine();
  slow.Send("CONNECT {\"name\":\"slow\",\"verbose\":false}\r\nSUB big 1\r\nPING\r\n");
  ASSERT_TRUE(slow.AwaitText("PONG\r\n"));
  const NatsConnection writer = Connect(server_->url());
  const std::string payload(1'000'000, 'x');
  for (int i = 0; i < 16; ++i) Publish(writer, "big", payload);
  Flush(writer);
  EXPECT_EQ(ReasonOf("slow"), "Slow Consumer (Write Deadline)");
  EXPECT_EQ(Number(Get("/varz"), "slow_consumers"), 1u);
}

TEST_P(NatsMonitorTest, ASilentClientIsStaleAndAStrangerUnauthorized) {
  if (NatsServer::Wanted() != NatsServer::Kind::kWherry) GTEST_SKIP() << "sets ping_interval";
  NatsOptions options;
  options.ping_interval = std::chrono::milliseconds(50);
  options.max_pings_out = 1;
  options.user = "joe";
  options.password = "secret";
  options.max_connections = 1;
  Start(options);
  const RawSocket silent = NamedClient(*server_, "silent", "", R"(,"user":"joe","pass":"secret")");
  {
    RawSocket second(AddressOfUrl(server_->url()));
    EXPECT_TRUE(second.AwaitText("maximum connections exceeded"));
  }
  EXPECT_EQ(ReasonOf("silent"), "Stale Connection");
  EXPECT_EQ(Named("silent", "state=closed&auth=1").at("authorized_user").as_string(), "joe");
  EXPECT_EQ(Number(Get("/varz").at("stale_connection_stats").as_object(), "clients"), 1u);
  RawSocket stranger(AddressOfUrl(server_->url()));
  stranger.TakeLine();
  stranger.Send("CONNECT {\"name\":\"stranger\"}\r\n");
  EXPECT_TRUE(stranger.AwaitText("-ERR 'Authorization Violation'"));
  AwaitEnded(*server_, 3);
  std::vector<std::string> reasons;
  const json::object ended = Get("/connz?state=closed");
  for (const json::value& one : ended.at("connections").as_array()) {
    reasons.emplace_back(one.at("reason").as_string().c_str());
  }
  EXPECT_THAT(reasons, ElementsAre("Stale Connection", "Maximum Connections Exceeded",
                                   "Authentication Failure"));
}

TEST_P(NatsMonitorTest, RemembersAsManyEndedConnectionsAsAskedFor) {
  if (NatsServer::Wanted() != NatsServer::Kind::kWherry) GTEST_SKIP() << "sets max_closed_clients";
  NatsOptions options;
  options.max_closed_clients = 2;
  Start(options);
  for (const char* const name : {"a", "b", "c"}) {
    { NamedClient(*server_, name); }
    EXPECT_EQ(ReasonOf(name), "Client Closed");
  }
  EXPECT_EQ(Number(Get("/connz?state=closed"), "total"), 2u);
  EXPECT_TRUE(Named("a").empty());
}

TEST_P(NatsMonitorTest, VarzAddsUpAllConnections) {
  std::vector<NatsConnection> connections;
  std::vector<NatsSub> subscriptions;
  for (int i = 0; i < 5; ++i) {
    connections.push_back(Connect(server_->url()));
    subscriptions.push_back(Subscribe(connections.back(), "all"));
  }
  Publish(connections.front(), "all", "hello");
  for (const NatsSub& subscription : subscriptions) EXPECT_NE(Next(subscription), nullptr);
  const json::object varz = Get("/varz");
  EXPECT_EQ(Number(varz, "connections"), 5u);
  EXPECT_EQ(Number(varz, "in_msgs"), 1u);
  EXPECT_EQ(Number(varz, "in_bytes"), 5u);
  EXPECT_EQ(Number(varz, "out_msgs"), 5u);
  EXPECT_EQ(Number(varz, "out_client_bytes"), 25u);
  EXPECT_EQ(Number(varz, "subscriptions"), 5u);
  EXPECT_EQ(Number(Get("/accountz?acc=$G").at("account_detail").as_object(), "client_connections"),
            5u);
  EXPECT_EQ(Number(Get("/subsz?subs=1&test=all"), "total"), 5u);
}

// Pages are read while connections come and go on every thread.
TEST_P(NatsMonitorTest, PagesAreWholeWhileConnectionsComeAndGo) {
  std::atomic<bool> done = false;
  std::thread clients([&] {
    while (!done) {
      const RawSocket one = NamedClient(*server_, "comes", "SUB a 1\r\nSUB b.* 2\r\n");
      const RawSocket other = NamedClient(*server_, "goes", "PUB a 2\r\nhi\r\n");
    }
  });
  for (int i = 0; i < 30; ++i) {
    for (const char* const page :
         {"/connz?state=all&subs=detail&sort=idle", "/subsz?subs=1", "/varz", "/accountz?acc=$G"}) {
      EXPECT_FALSE(Get(page).empty()) << page;
    }
  }
  done = true;
  clients.join();
}

}  // namespace
}  // namespace wherry::conformance
