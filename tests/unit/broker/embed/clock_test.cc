// The clock that a test owns, without clients.
#include <future>
#include <thread>

#include "tests/conformance/support/raw_socket.h"
#include "tests/unit/broker/embed/embed_fixture.h"

namespace wherry {
namespace {

using conformance::AddressOfUrl;
using conformance::RawSocket;
using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

auto Labelled(const std::string& label) { return Field(&TimerInfo::label, label); }

class ClockTest : public EmbedTest {
 protected:
  void SetUp() override {
    options_.clock = ClockMode::kVirtual;
    EmbedTest::SetUp();
  }
  Clock& clock() { return broker().clock(); }

  // A NATS client that is connected; it says nothing.
  RawSocket Client() {
    RawSocket client(AddressOfUrl(broker().Url("nats")));
    EXPECT_THAT(client.TakeLine(), HasSubstr("INFO"));
    return client;
  }
};

TEST_P(ClockTest, BeginsAtTheRealTimeAndStandsStill) {
  const auto began = clock().Now();
  const auto real = std::chrono::system_clock::now();
  EXPECT_LE(began, real);
  EXPECT_GT(began, real - minutes(1));
  while (std::chrono::system_clock::now() < real + milliseconds(5)) std::this_thread::yield();
  EXPECT_EQ(clock().Now(), began);
  EXPECT_THAT(clock().Advance(minutes(31)).value(), IsEmpty());
  EXPECT_EQ(clock().Now(), began + minutes(31));
  EXPECT_THAT(clock().Advance(seconds(0)).value(), IsEmpty());
  EXPECT_EQ(clock().Now(), began + minutes(31));
}

TEST_P(ClockTest, StampsRecords) {
  ASSERT_TRUE(kafka().CreateTopic("t").ok());
  const auto append = [this] {
    ASSERT_TRUE(kafka().Append("t", {.value = "v"}).ok());
  };
  append();
  ASSERT_TRUE(clock().Advance(hours(1)).ok());
  append();
  const std::vector<KafkaRecord> records = kafka().ReadAll("t", 0).value();
  ASSERT_EQ(records.size(), 2u);
  const auto now = duration_cast<milliseconds>(clock().Now().time_since_epoch()).count();
  EXPECT_EQ(records[1].timestamp, now);
  EXPECT_EQ(records[0].timestamp, now - 3'600'000);
}

TEST_P(ClockTest, WithoutATimerThereIsNoNextOne) {
  const auto next = clock().AdvanceToNext();
  EXPECT_EQ(CodeOf(next), StatusCode::kNotFound);
  EXPECT_THAT(next.status().message(), HasSubstr("liveness"));
  EXPECT_EQ(CodeOf(clock().AdvanceToNext({.liveness = true})), StatusCode::kNotFound);
  EXPECT_THAT(clock().Pending(), IsEmpty());
}

TEST_P(ClockTest, SparesConnectedClientsUnlessToldNotTo) {
  RawSocket client = Client();
  EXPECT_THAT(clock().Pending(), Contains(Labelled("ping")));
  EXPECT_THAT(clock().Advance(hours(5)).value(), IsEmpty());
  EXPECT_THAT(clock().Pending(), Contains(Labelled("ping")));

  // It is asked, and asked again; and then taken for dead.
  const AdvanceOptions liveness{.liveness = true};
  EXPECT_THAT(clock().AdvanceToNext(liveness).value(), ElementsAre(Labelled("ping")));
  const auto fired = clock().Advance(minutes(4), liveness).value();
  EXPECT_THAT(fired, ElementsAre(Labelled("ping"), Labelled("ping")));
  EXPECT_EQ(fired[0].kind, TimerKind::kLiveness);
  EXPECT_LE(fired[0].in, minutes(2));
  EXPECT_GT(fired[0].in, minutes(1));
  EXPECT_LE(fired[1].in, fired[0].in + minutes(2));
  EXPECT_GT(fired[1].in, fired[0].in + minutes(1));
  EXPECT_TRUE(client.AwaitText("PING\r\nPING\r\n-ERR 'Stale Connection'\r\n"));
  EXPECT_TRUE(client.AwaitClosed());
}

TEST_P(ClockTest, CountsForThePatienceOfClients) {
  // It never says CONNECT.
  options_.nats.token = "secret";
  options_.nats.auth_timeout = hours(1);
  Restart();
  RawSocket client(AddressOfUrl(broker().Url("nats")));
  EXPECT_TRUE(client.AwaitText("\r\n"));
  EXPECT_THAT(clock().Pending(), Contains(Labelled("authentication")));
  EXPECT_EQ(CodeOf(clock().AdvanceToNext()), StatusCode::kNotFound);
  EXPECT_THAT(clock().Advance(minutes(61)).value(), IsEmpty()) << "it would be chance";
  EXPECT_TRUE(client.AwaitText("-ERR 'Authentication Timeout'\r\n"));
}

TEST_P(ClockTest, EndsPatienceInRealTimeToo) {
  options_.nats.token = "secret";
  options_.nats.auth_timeout = milliseconds(20);
  Restart();
  RawSocket client(AddressOfUrl(broker().Url("nats")));
  EXPECT_TRUE(client.AwaitText("-ERR 'Authentication Timeout'\r\n"));
}

TEST_P(ClockTest, GoesFromDeadlineToDeadline) {
  // Lame duck mode: after the grace period connections are closed one by one.
  options_.nats.lame_duck_grace_period = minutes(10);
  options_.nats.lame_duck_duration = minutes(40);
  Restart();
  std::vector<RawSocket> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Client());
  std::promise<void> ended;
  ASSERT_TRUE(broker().nats().EnterLameDuck([&] { ended.set_value(); }).ok());
  const auto began = clock().Now();
  std::vector<TimerInfo> fired;
  while (fired.empty()) {  // until lame duck mode has begun
    const auto next = clock().AdvanceToNext();
    if (next.ok()) fired = next.value();
  }
  EXPECT_EQ(fired[0].kind, TimerKind::kDelivery);
  EXPECT_EQ(clock().Now(), began + minutes(10));
  const auto rest = clock().Advance(hours(2)).value();
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].in, minutes(10));
  EXPECT_EQ(rest[1].in, minutes(20));
  EXPECT_EQ(clock().Now(), began + minutes(10) + hours(2));
  EXPECT_EQ(ended.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST_P(ClockTest, RefusesWhatCannotBe) {
  EXPECT_EQ(CodeOf(clock().Advance(seconds(-1))), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(clock().Advance(hours(24 * 366 * 100))), StatusCode::kInvalidArgument);
  EXPECT_TRUE(clock().Advance(hours(24 * 365 * 60)).ok());
  EXPECT_EQ(CodeOf(clock().Advance(hours(24 * 365 * 60))), StatusCode::kInvalidArgument);
}

TEST_P(ClockTest, ACallbackMayLookButNotWait) {
  std::promise<StatusCode> advance, next;
  std::promise<bool> looked;
  auto subscription = broker().nats().Subscribe("s", [&](const NatsMessage&) {
    looked.set_value(clock().Now().time_since_epoch().count() > 0 && clock().Pending().empty());
    advance.set_value(CodeOf(clock().Advance(seconds(1))));
    next.set_value(CodeOf(clock().AdvanceToNext()));
  });
  ASSERT_TRUE(broker().nats().Publish("s", "").ok());
  EXPECT_TRUE(looked.get_future().get());
  EXPECT_EQ(advance.get_future().get(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(next.get_future().get(), StatusCode::kFailedPrecondition);
}

TEST_P(ClockTest, EndsWithTheBroker) {
  ASSERT_TRUE(broker().Stop().ok());
  EXPECT_EQ(CodeOf(clock().Advance(seconds(1))), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(clock().AdvanceToNext()), StatusCode::kUnavailable);
  EXPECT_THAT(clock().Pending(), IsEmpty());
}

TEST_P(ClockTest, GoesOnWhereItWasWhenTheBrokerStartsAgain) {
  ASSERT_TRUE(clock().Advance(hours(2)).ok());
  const auto before = clock().Now();
  ASSERT_TRUE(broker().Crash().ok());
  ASSERT_TRUE(clock().Advance(hours(1)).ok());
  ASSERT_TRUE(broker().Restart().ok());
  EXPECT_EQ(clock().Now(), before + hours(1));
}

TEST_P(ClockTest, AnotherThreadMayStopTheBrokerMeanwhile) {
  // Nobody knows who comes first; but both end, and the clock says what happened.
  std::thread other([this] { EXPECT_TRUE(broker().Stop().ok()); });
  while (true) {
    const auto advanced = clock().Advance(seconds(1));
    if (advanced.ok()) continue;
    EXPECT_EQ(CodeOf(advanced), StatusCode::kUnavailable);
    break;
  }
  other.join();
}

TEST_P(ClockTest, AdvancesOnAllThreads) {
  options_.threads = 3;
  Restart();
  std::vector<RawSocket> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Client());
  EXPECT_THAT(clock().Advance(minutes(2), {.liveness = true}).value(),
              ElementsAre(Labelled("ping"), Labelled("ping"), Labelled("ping")));
  for (RawSocket& client : clients) EXPECT_TRUE(client.AwaitText("PING\r\n"));
}

INSTANTIATE_TEST_SUITE_P(Store, ClockTest, ::testing::Values(Store::kMemory, Store::kDisk),
                         StoreName);

TEST(RealClockTest, IsAdvancedByNobody) {
  Broker broker = Broker::Start({}).value();
  const auto advanced = broker.clock().Advance(seconds(1));
  EXPECT_EQ(CodeOf(advanced), StatusCode::kFailedPrecondition);
  EXPECT_THAT(advanced.status().message(), HasSubstr("Options::clock"));
  EXPECT_EQ(CodeOf(broker.clock().AdvanceToNext()), StatusCode::kFailedPrecondition);
  const auto before = broker.clock().Now();
  while (broker.clock().Now() == before) std::this_thread::yield();
}

TEST(RealClockTest, ListsWhatWaits) {
  Broker broker = Broker::Start({}).value();
  RawSocket client(AddressOfUrl(broker.Url("nats")));
  ASSERT_TRUE(client.AwaitText("\r\n"));
  const std::vector<TimerInfo> pending = broker.clock().Pending();
  ASSERT_THAT(pending, ElementsAre(Labelled("ping")));
  EXPECT_LE(pending[0].in, minutes(2));
  EXPECT_GT(pending[0].in, minutes(1));
}

}  // namespace
}  // namespace wherry
