// A clock that the test owns, under unmodified NATS clients, who live in real time.
#include "tests/conformance/nats/nats_events.h"
#include "tests/conformance/support/http_client.h"
#include "tests/conformance/testkit/testkit_test.h"

namespace wherry::conformance {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;

class ClockNatsTest : public TestkitTest {
 protected:
  void TearDown() override {
    // The client tells it from a thread of its own, later.
    EXPECT_TRUE(!watched_ || events_.AwaitClosed());
  }
  NatsConnection Watched() {
    const NatsConnectOptions options = ConnectOptions(nats_url());
    natsOptions_SetAllowReconnect(options.get(), false);
    events_.Watch(options.get());
    watched_ = true;
    return Connect(options);
  }

  bool watched_ = false;
  NatsEvents events_;
};

TEST_F(ClockNatsTest, AClientIsNotTakenForDeadWhenTheClockIsAdvanced) {
  const NatsConnection connection = Watched();
  const NatsSub subscription = Subscribe(connection, "s");
  for (int i = 0; i < 20; ++i) EXPECT_THAT(clock().Advance(minutes(31)).value(), IsEmpty());
  Publish(connection, "s", "still here");
  EXPECT_EQ(DataOf(Next(subscription)), "still here");
}

TEST_F(ClockNatsTest, AClientIsTakenForDeadIfTheCallCountsForItToo) {
  const NatsConnection connection = Watched();
  const auto fired = clock().Advance(minutes(10), {.liveness = true}).value();
  EXPECT_THAT(fired, Not(IsEmpty()));
  EXPECT_THAT(fired, Each(AllOf(Field(&TimerInfo::label, "ping"),
                                Field(&TimerInfo::kind, TimerKind::kLiveness))));
  EXPECT_TRUE(events_.AwaitClosed());
  const char* reason = nullptr;
  EXPECT_EQ(natsConnection_GetLastError(connection.get(), &reason), NATS_STALE_CONNECTION)
      << reason;
}

TEST_F(ClockNatsTest, PingsAreAnsweredInRealTime) {
  const NatsConnection connection = Watched();
  // Two silences of three that would be taken for death, again and again.
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(clock().Advance(minutes(4), {.liveness = true}).ok());
    // The second one's PING comes behind the client's PONGs.
    Flush(connection);
    Flush(connection);
  }
}

TEST_F(ClockNatsTest, MonitoringTellsTheTimeOfTheTest) {
  const auto year = [this] {
    const boost::json::object page = HttpGetJson(broker().Url("http"), "/varz");
    return std::stoi(std::string(page.at("now").as_string()));
  };
  const int before = year();
  ASSERT_GE(before, 2025);
  ASSERT_TRUE(clock().Advance(hours(24 * 366)).ok());
  EXPECT_EQ(year(), before + 1);
}

// A service that may only answer, within two minutes.
class ClockNatsPermissionsTest : public TestkitTest {
 protected:
  Options options() const override {
    Options options = TestkitTest::options();
    NatsUser service{.user = "service", .password = "s", .permissions = NatsPermissions()};
    service.permissions->allow_responses = NatsAllowResponses{.max = 1, .expires = minutes(2)};
    options.nats.users = {service, {.user = "client", .password = "c"}};
    return options;
  }
  NatsConnection As(const std::string& user_and_password) {
    std::string url = nats_url();
    return Connect(url.insert(url.find("//") + 2, user_and_password + "@"));
  }
};

TEST_F(ClockNatsPermissionsTest, LeaveToAnswerEndsByTheClockOfTheTest) {
  const NatsConnection client = As("client:c");
  const NatsConnection service = As("service:s");
  const NatsSub answers = Subscribe(client, "answers");
  const NatsSub requests = Subscribe(service, "requests");
  const auto answer_after = [&](std::chrono::nanoseconds time) {
    natsConnection_PublishRequestString(client.get(), "requests", "answers", "?");
    EXPECT_NE(Next(requests), nullptr);
    EXPECT_TRUE(clock().Advance(time).ok());
    Publish(service, "answers", "!");
    Flush(service);
    Flush(client);
    return ArrivedPayloads(answers).size();
  };
  EXPECT_EQ(answer_after(minutes(1)), 1u);
  EXPECT_EQ(answer_after(minutes(3)), 0u);
}

}  // namespace
}  // namespace wherry::conformance
