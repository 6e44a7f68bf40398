// One of three threads stands still: publishers on the others rest instead of filling memory with
// what they send to it, and everybody else is served.
#include <future>
#include <memory>
#include <optional>

#include <gmock/gmock.h>

#include "tests/conformance/support/raw_socket.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

constexpr int kThreads = 3;
constexpr std::size_t kMiB = 1024 * 1024;

class PausedShardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.threads = kThreads;
    options.listen = {"nats://127.0.0.1:0"};
    StatusOr<Broker> started = Broker::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
    // What a callback must never do: it keeps its thread.
    auto gate = broker_->nats().Subscribe("gate", [this](const NatsMessage&) {
      closed_.set_value();
      open_.get_future().wait();
    });
    ASSERT_TRUE(gate.ok()) << gate.status();
    gate_.emplace(std::move(gate).value());
  }
  void TearDown() override { Open(); }

  // Three clients in a row are on three threads.
  std::vector<std::unique_ptr<RawSocket>> Clients() {
    std::vector<std::unique_ptr<RawSocket>> clients;
    for (int i = 0; i < kThreads; ++i) {
      clients.push_back(std::make_unique<RawSocket>(AddressOfUrl(broker_->Url("nats"))));
      EXPECT_TRUE(clients.back()->TakeLine().starts_with("INFO {"));
      clients.back()->Send("CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
      EXPECT_TRUE(IsServed(*clients.back()));
    }
    return clients;
  }
  static bool IsServed(RawSocket& client, std::chrono::milliseconds patience = kPatience) {
    client.Send("PING\r\n");
    std::string line = client.TakeLine(patience);
    // The server asks the same, once, soon after CONNECT.
    if (line == "PING\r\n") line = client.TakeLine(patience);
    return line == "PONG\r\n";
  }
  void Pause(RawSocket& client) {
    client.Send("PUB gate 0\r\n\r\n");
    closed_.get_future().wait();
  }
  void Open() {
    if (!std::exchange(is_open_, true)) open_.set_value();
  }

 private:
  std::promise<void> closed_, open_;
  bool is_open_ = false;
  std::optional<Broker> broker_;
  std::optional<NatsSubscription> gate_;
};

TEST_F(PausedShardTest, PublishersRestAndOthersAreServed) {
  const auto subscribers = Clients();
  const auto publishers = Clients();
  const auto others = Clients();
  for (const auto& subscriber : subscribers) {
    subscriber->Send("SUB flood 1\r\n");
    ASSERT_TRUE(IsServed(*subscriber));
  }
  Pause(*others[0]);

  // Numbered messages, far more than may be under way.
  constexpr std::size_t kPayload = 8 * 1024;
  constexpr std::size_t kLimit = 64 * kMiB;
  const std::string padding(kPayload - 8, 'x');
  std::string stream;
  std::size_t message_size = 0;
  for (int i = 10'000'000; stream.size() < kLimit; ++i) {
    stream +=
        "PUB flood " + std::to_string(kPayload) + "\r\n" + std::to_string(i) + padding + "\r\n";
    if (message_size == 0) message_size = stream.size();
  }
  const std::size_t delivery_size = message_size + 2;  // "MSG flood 1" for "PUB flood"

  // One of the publishers is on the thread that stands still, and is not even read.
  std::vector<std::size_t> taken;
  for (const auto& publisher : publishers) {
    taken.push_back(publisher->SendWhatIsTaken(stream, 4 * kSilence));
    // 8 MiB, and what the kernel holds on both ends.
    EXPECT_LT(taken.back(), 32 * kMiB);
  }
  // The one that said "gate" may be on that thread or not.
  std::vector<RawSocket*> served;
  for (const auto& other : others) {
    if (IsServed(*other, 4 * kSilence)) served.push_back(other.get());
  }
  EXPECT_EQ(served.size(), static_cast<std::size_t>(kThreads - 1));
  // More than once: nobody who does not publish has to rest.
  for (int round = 0; round < 3; ++round) {
    for (RawSocket* const other : served) EXPECT_TRUE(IsServed(*other));
  }

  Open();
  std::size_t messages = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    // The message that was cut off.
    const std::size_t whole = (taken[i] + message_size - 1) / message_size;
    messages += whole;
    EXPECT_TRUE(publishers[i]->Send(
        std::string_view(stream).substr(taken[i], whole * message_size - taken[i])));
  }
  for (const auto& subscriber : subscribers) {
    ASSERT_TRUE(subscriber->AwaitBytes(messages * delivery_size));
    subscriber->Send("PING\r\n");
    ASSERT_TRUE(subscriber->AwaitText("PONG\r\n"));
    std::string received = subscriber->Take();
    if (const auto ping = received.find("PING\r\n"); ping != std::string::npos) {
      received.erase(ping, 6);
    }
    EXPECT_EQ(received.size(), messages * delivery_size + 6);
  }
}

}  // namespace
}  // namespace wherry::conformance
