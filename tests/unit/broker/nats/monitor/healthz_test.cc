#include "tests/unit/broker/nats/monitor/monitor_fixture.h"

namespace wherry::nats {
namespace {

using HealthzTest = MonitorFixture;

TEST_F(HealthzTest, AServerWithoutJetStreamIsHealthyWhateverIsAskedOfIt) {
  for (const char* const query :
       {"", "?js-enabled=true", "?js-enabled-only=1", "?js-server-only=1", "?js-meta-only=1",
        "?account=A", "?account=A&stream=S", "?account=A&stream=S&consumer=C", "?details=true"}) {
    const net::HttpResponse response = Get(std::string("/healthz") + query);
    EXPECT_EQ(response.status, 200) << query;
    EXPECT_EQ(response.body, "{\"status\":\"ok\"}") << query;
  }
}

TEST_F(HealthzTest, AnAssetIsNamedWithWhatItIsIn) {
  const net::HttpResponse stream = Get("/healthz?stream=S");
  EXPECT_EQ(stream.status, 400);
  EXPECT_EQ(stream.body,
            "{\"status\":\"error\",\"error\":\"\\\"account\\\" must not be empty when checking "
            "stream health\"}");
  const net::HttpResponse consumer = Get("/healthz?consumer=C&details=1");
  EXPECT_EQ(consumer.status, 400);
  EXPECT_EQ(
      consumer.body,
      "{\"status\":\"error\",\"errors\":[{\"type\":\"BAD_REQUEST\",\"error\":\"\\\"stream\\\" "
      "must not be empty when checking consumer health\"}]}");
}

TEST_F(HealthzTest, RefusesWhatIsNoBoolean) {
  EXPECT_EQ(Get("/healthz?js-enabled-only=zzz").body,
            "Error decoding boolean for 'js-enabled-only': strconv.ParseBool: parsing \"zzz\": "
            "invalid syntax");
}

}  // namespace
}  // namespace wherry::nats
