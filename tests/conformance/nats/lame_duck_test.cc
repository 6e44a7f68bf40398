// Lame duck mode: clients are told, then let go, and the owner hears when the last has gone.
#include <future>

#include <gtest/gtest.h>

#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/raw_socket.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

class NatsLameDuckTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    Options options;
    options.threads = GetParam();
    options.nats.lame_duck_grace_period = std::chrono::milliseconds(20);
    options.nats.lame_duck_duration = std::chrono::milliseconds(40);
    broker_.emplace(Broker::Start(options).value());
  }
  std::string address() const { return broker_->Address("nats"); }
  std::future<void> EnterLameDuck() {
    const auto ended = std::make_shared<std::promise<void>>();
    EXPECT_TRUE(broker_->nats().EnterLameDuck([ended] { ended->set_value(); }).ok());
    return ended->get_future();
  }
  static void Connect(RawSocket& socket, int protocol) {
    socket.TakeLine();
    socket.Send("CONNECT {\"verbose\":false,\"protocol\":" + std::to_string(protocol) +
                "}\r\nPING\r\n");
    ASSERT_TRUE(socket.AwaitText("PONG\r\n"));
    socket.Take();
  }

  std::optional<Broker> broker_;
};

TEST_P(NatsLameDuckTest, ClientsAreToldAndLetGo) {
  RawSocket knows(address());
  RawSocket old(address());
  RawSocket silent(address());
  Connect(knows, 1);
  Connect(old, 0);
  silent.TakeLine();
  std::future<void> ended = EnterLameDuck();
  EXPECT_TRUE(knows.AwaitText("\"ldm\":true"));
  for (RawSocket* const socket : {&knows, &old, &silent}) EXPECT_TRUE(socket->AwaitClosed());
  EXPECT_EQ(ended.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(old.Take().find("ldm"), std::string::npos) << "it would not understand INFO now";
}

TEST_P(NatsLameDuckTest, NobodyNewIsLetIn) {
  RawSocket stays(address());
  Connect(stays, 1);
  const std::string where = address();
  std::future<void> ended = EnterLameDuck();
  EXPECT_TRUE(stays.AwaitText("\"ldm\":true"));
  EXPECT_FALSE(Accepts(PortOf(where)));
  EXPECT_EQ(ended.wait_for(kPatience), std::future_status::ready);
}

TEST_P(NatsLameDuckTest, WithoutClientsItEndsAtOnce) {
  EXPECT_EQ(EnterLameDuck().wait_for(kPatience), std::future_status::ready);
  // A second call changes nothing, and is never called back.
  EXPECT_TRUE(broker_->nats().EnterLameDuck([] { ADD_FAILURE(); }).ok());
  EXPECT_TRUE(broker_->Stop().ok());
}

INSTANTIATE_TEST_SUITE_P(Threads, NatsLameDuckTest, ::testing::Values(1, 3),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace wherry::conformance
