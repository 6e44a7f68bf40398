// Clients that misbehave: each may lose its own connection, nobody else may notice.
#include <atomic>
#include <random>
#include <thread>

#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

class NatsHostileClientTest : public NatsTest {
 protected:
  // A client that has connected and been answered.
  RawSocket Client() {
    RawSocket socket(AddressOfUrl(url()));
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

TEST_F(NatsHostileClientTest, OthersAreServedWhileTenThousandConnectionsComeAndGo) {
  RawSocket served = Client();
  served.Send("SUB " + Subject("echo") + " 1\r\n");
  std::atomic<bool> ended = false;
  std::thread flood([&] {
    for (int i = 0; i < 10'000; ++i) {
      RawSocket socket(AddressOfUrl(url()));
      if (i % 2 == 0) socket.Send("CONNECT {}\r\nSUB " + Subject("a") + " 1\r\nPUB ");
    }
    ended = true;
  });
  int echoes = 0;
  while (!ended) {
    served.Send("PUB " + Subject("echo") + " 2\r\nhi\r\n");
    if (!served.AwaitText("hi\r\n")) break;
    served.Take();
    ++echoes;
  }
  flood.join();
  EXPECT_GT(echoes, 0);
  ExpectServing();
}

}  // namespace
}  // namespace wherry::conformance
