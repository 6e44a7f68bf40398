// The same clients of Wherry and of the newest nats-server, the same requests: fields, values that
// are not times or ids, and errors must be the same.
#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "tests/conformance/nats/monitor_clients.h"
#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/http_client.h"

namespace wherry::conformance {
namespace {

namespace json = boost::json;

// Times, ids, ports, what is of the process, what may not have been sent yet when a connection
// ends, and what is of the cache: ours keeps a subject from its second
// use on.
const std::set<std::string> kMasked = {"server_id",     "server_name",
                                       "start",         "now",
                                       "uptime",        "mem",
                                       "cpu",           "rtt",
                                       "stop",          "idle",
                                       "port",          "http_port",
                                       "last_activity", "go",
                                       "cores",         "gomaxprocs",
                                       "update_time",   "config_load_time",
                                       "config_digest", "num_cache",
                                       "pending_bytes", "cache_hit_rate",
                                       "max_fanout",    "avg_fanout"};
// Whether there is one depends on how the server was built; the flags are JetStream's.
const std::set<std::string> kOwn = {"git_commit", "feature_flags"};

json::value Masked(const json::value& value) {
  if (value.is_object()) {
    json::object masked;
    for (const auto& member : value.get_object()) {
      const std::string key(member.key().data(), member.key().size());
      if (kOwn.contains(key)) continue;
      // A path counts requests, of which waiting takes any number.
      masked[key] =
          kMasked.contains(key) || key.starts_with("/") ? json::value("*") : Masked(member.value());
    }
    return masked;
  }
  if (!value.is_array()) return value;
  // Lists of subscriptions and accounts have no order.
  std::vector<json::value> elements;
  for (const json::value& element : value.get_array()) elements.push_back(Masked(element));
  if (!elements.empty() &&
      !(elements[0].is_object() && elements[0].get_object().contains("kind"))) {
    std::sort(elements.begin(), elements.end(), [](const json::value& a, const json::value& b) {
      return json::serialize(a) < json::serialize(b);
    });
  }
  return json::array(elements.begin(), elements.end());
}

std::string Shown(const NatsServer& server, const std::string& target) {
  const HttpAnswer answer = HttpGet(server.monitor_url(), target);
  boost::system::error_code error;
  const json::value value = json::parse(answer.body, error);
  return std::to_string(answer.status) + " " + answer.content_type + "\n" +
         (error ? answer.body : json::serialize(Masked(value)));
}

class NatsMonitorDifferentialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (NatsServer::Wanted() == NatsServer::Kind::kRemote)
      GTEST_SKIP() << "compares two of its own";
    const std::string missing = NatsServer::WhyMissing(NatsServer::Kind::kNewest);
    if (!missing.empty()) GTEST_SKIP() << missing;
    const NatsServer::Setup setup{.monitored = true};
    ours_ = NatsServer::Start(NatsServer::Wanted(), setup);
    real_ = NatsServer::Start(NatsServer::Kind::kNewest, setup);
    ASSERT_TRUE(ours_ != nullptr && real_ != nullptr);
  }
  // Both answer all requests alike.
  void Compare(const std::vector<std::string>& targets) const {
    for (const std::string& target : targets) {
      EXPECT_EQ(Shown(*ours_, target), Shown(*real_, target)) << target;
    }
  }

  std::unique_ptr<NatsServer> ours_;
  std::unique_ptr<NatsServer> real_;
};

TEST_F(NatsMonitorDifferentialTest, FieldsAndValuesAreTheSame) {
  std::vector<RawSocket> clients;
  for (const NatsServer* const server : {ours_.get(), real_.get()}) {
    EndClientsForEveryReason(*server);
    clients.push_back(
        NamedClient(*server, "reader", "SUB foo 1\r\nSUB bar.* q 2\r\nUNSUB 2 7\r\n"));
    clients.push_back(
        NamedClient(*server, "writer", "PUB foo 5\r\nhello\r\nPUB foo r 2\r\nhi\r\n"));
    clients.push_back(NamedClient(*server, "joe", "SUB > 9\r\n", R"(,"user":"joe","pass":"x")"));
    clients.push_back(NamedClient(*server, "token", "", R"(,"auth_token":"x")"));
  }
  Compare({"/varz",
           "/connz",
           "/connz?subs=1",
           "/connz?subs=detail&auth=1",
           "/connz?state=closed&subs=detail&auth=1",
           "/connz?state=closed&subs=1",
           "/connz?state=all&limit=2&offset=1",
           "/connz?state=ANY&limit=1",
           "/connz?state=closed&sort=reason",
           "/connz?sort=msgs_to&limit=1",
           "/connz?sort=bytes_from&limit=1",
           "/connz?acc=NOPE",
           "/connz?acc=$G",
           "/connz?state=closed&acc=$G",
           "/connz?state=all&acc=$G",
           "/connz?cid=10",
           "/connz?cid=10&acc=NOPE",
           "/connz?cid=4&state=all",
           "/connz?cid=4",
           "/connz?cid=99",
           "/connz?user=joe&auth=1",
           "/connz?user=joe&state=all",
           "/connz?mqtt_client=x",
           "/connz?offset=99",
           "/connz?limit=-3&offset=-4",
           "/subsz",
           "/subscriptionsz",
           "/subsz?subs=1",
           "/subsz?subs=1&test=foo",
           "/subsz?acc=X&subs=1",
           "/subsz?subs=1&offset=9",
           "/accountz",
           "/accountz?acc=$G",
           "/varz"});
}

TEST_F(NatsMonitorDifferentialTest, ErrorsAreTheSame) {
  Compare({"/connz?sort=bogus",
           "/connz?sort=CID",
           "/connz?sort=stop",
           "/connz?sort=reason",
           "/connz?auth=xx",
           "/connz?limit=x",
           "/connz?limit=%2B-3",
           "/connz?limit=%22%01%ff",
           "/connz?limit=99999999999999999999",
           "/connz?limit=1;2",
           "/connz?offset=1.5",
           "/connz?cid=-1",
           "/connz?state=Foo",
           "/connz?subs=yes",
           "/subsz?test=a.*",
           "/subsz?subs=2",
           "/accountz?acc=NOPE",
           "/nope",
           "/varz/",
           "/varz?callback=f"});
}

TEST_F(NatsMonitorDifferentialTest, HealthIsTheSame) {
  Compare({"/healthz", "/healthz?js-enabled=1", "/healthz?js-enabled-only=true",
           "/healthz?js-server-only=t", "/healthz?js-meta-only=1", "/healthz?js-enabled=2",
           "/healthz?details=x", "/healthz?account=A", "/healthz?stream=S",
           "/healthz?account=A&stream=S", "/healthz?consumer=C", "/healthz?stream=S&details=1",
           "/healthz?consumer=C&details=1", "/healthz?details=1"});
}

}  // namespace
}  // namespace wherry::conformance
