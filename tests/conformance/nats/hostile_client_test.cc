// Clients that misbehave: each may lose its own connection, nobody else may notice.
#include <random>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

class NatsHostileClientTest : public NatsTest {
 protected:
  // A client that has connected and been answered.
  RawSocket Client(int receive_buffer = 0) {
    RawSocket socket(AddressOfUrl(url()), receive_buffer);
    EXPECT_TRUE(socket.TakeLine().starts_with("INFO {"));
    socket.Send("CONNECT {\"verbose\":false}\r\nPING\r\n");
    EXPECT_EQ(socket.TakeLine(), "PONG\r\n");
    return socket;
  }

  // The server still serves others.
  void ExpectServing() {
    const NatsConnection connection = Connect(url());
    const NatsSub subscription = Subscribe(connection, Subject("alive"));
    Publish(connection, Subject("alive"), "yes");
    EXPECT_EQ(DataOf(Next(subscription)), "yes");
  }
};

TEST_F(NatsHostileClientTest, ThoseWhoConnectAndSayNothingCostNobodyAnything) {
  std::vector<RawSocket> silent;
  for (int i = 0; i < 200; ++i) silent.emplace_back(AddressOfUrl(url()));
  ExpectServing();
  for (RawSocket& socket : silent) EXPECT_TRUE(socket.TakeLine().starts_with("INFO {"));
}

TEST_F(NatsHostileClientTest, HalfAMessageThatNeverEndsIsNotDelivered) {
  const NatsConnection subscriber = Connect(url());
  const NatsSub subscription = Subscribe(subscriber, Subject("a"));
  RawSocket half = Client();
  half.Send("PUB " + Subject("a") + " 10\r\n12345");
  ExpectServing();
  half.Reset();
  ExpectServing();
  Flush(subscriber);
  EXPECT_THAT(ArrivedPayloads(subscription), ::testing::IsEmpty());
}

TEST_F(NatsHostileClientTest, AClientThatEndsItsHalfOfTheConnectionIsLetGo) {
  RawSocket socket = Client();
  socket.HalfClose();
  EXPECT_TRUE(socket.AwaitClosed());
  ExpectServing();
}

TEST_F(NatsHostileClientTest, AResetInTheMiddleOfEverythingIsSurvived) {
  for (int i = 0; i < 100; ++i) {
    RawSocket socket = Client();
    socket.Send("SUB " + Subject("a.>") + " 1\r\nPUB " + Subject("a.b") + " 100000\r\nxxx");
    socket.Reset();
  }
  ExpectServing();
}

TEST_F(NatsHostileClientTest, ALineThatNeverEndsIsRefusedBeforeItGrows) {
  for (const char* start : {"SUB ", "PUB ", "CONNECT {\"name\":\"", "UNSUB "}) {
    RawSocket socket = Client();
    socket.Send(start);
    const std::string chunk(64 * 1024, 'a');
    ASSERT_TRUE(socket.Send(chunk));
    EXPECT_TRUE(socket.AwaitText("-ERR 'maximum control line exceeded'\r\n")) << start;
    // And whoever goes on all the same meets a closed door soon.
    const Deadline deadline;
    while (!deadline.Passed() && socket.Send(chunk)) {
    }
    EXPECT_FALSE(deadline.Passed()) << start;
  }
  ExpectServing();
}

TEST_F(NatsHostileClientTest, DeeplyNestedJsonDoesNotOverflowAnything) {
  RawSocket socket(AddressOfUrl(url()));
  socket.TakeLine();
  socket.Send("CONNECT {\"a\":" + std::string(1900, '[') + std::string(1900, ']') +
              "}\r\nPING\r\n");
  // Accepting and refusing it are both fine.
  EXPECT_TRUE(socket.AwaitText("PONG\r\n", kSilence) || socket.AwaitClosed());
  ExpectServing();
}

TEST_F(NatsHostileClientTest, RandomBytesNeverHurtTheServer) {
  std::mt19937 random(20261124);
  for (int i = 0; i < 300; ++i) {
    RawSocket socket(AddressOfUrl(url()));
    std::string bytes = i % 2 == 0 ? "" : "CONNECT {\"verbose\":false}\r\nPUB a ";
    for (std::size_t length = random() % 2000; length > 0; --length) {
      // Mostly the characters that the protocol is made of.
      static constexpr std::string_view kUsual = "PUBSINGHMO {}\"+-'.>*0123456789 \t\r\n";
      bytes += random() % 8 == 0 ? static_cast<char>(random()) : kUsual[random() % kUsual.size()];
    }
    socket.Send(bytes);
  }
  ExpectServing();
}

TEST_F(NatsHostileClientTest, AThousandConnectionsComeAndGo) {
  for (int i = 0; i < 1000; ++i) {
    RawSocket socket(AddressOfUrl(url()));
    socket.Send("CONNECT {}\r\nSUB " + Subject("a") + " 1\r\n");
  }
  ExpectServing();
}

class NatsSlowConsumerTest : public NatsHostileClientTest {
 protected:
  void SetUp() override {
    if (IsRemote()) GTEST_SKIP() << "a remote server has a max_pending of its own";
    NatsHostileClientTest::SetUp();
  }
  NatsOptions options() const override { return {.max_pending = 4 * kMiB}; }
};

TEST_F(NatsSlowConsumerTest, AClientThatNeverReadsIsClosedAtMaxPendingAndHoldsUpNobody) {
  const NatsConnection publisher = Connect(url());
  const NatsConnection reader = Connect(url());
  const NatsSub all = Subscribe(reader, Subject("flood"));
  ASSERT_EQ(natsSubscription_SetPendingLimits(all.get(), -1, -1), NATS_OK);
  RawSocket lazy = Client(/*receive_buffer=*/4096);
  lazy.Send("SUB " + Subject("flood") + " 1\r\nPING\r\n");
  ASSERT_EQ(lazy.TakeLine(), "PONG\r\n");

  // Far more than max_pending and both socket buffers together.
  constexpr int kMessages = 1000;
  const std::string payload(64 * 1024, 'x');
  for (int i = 0; i < kMessages; ++i) {
    Publish(publisher, Subject("flood"), payload);
    if (i % 16 == 0) Flush(publisher);
  }
  Flush(publisher);

  EXPECT_EQ(NextPayloads(all, kMessages).size(), static_cast<std::size_t>(kMessages));
  EXPECT_TRUE(lazy.AwaitClosed());
  EXPECT_LT(lazy.received().size(), kMessages * payload.size());
  // No farewell is written into the middle of a message.
  EXPECT_EQ(lazy.received().find("-ERR"), std::string::npos);
}

}  // namespace
}  // namespace wherry::conformance
