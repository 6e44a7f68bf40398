// nats.go, by way of our own program in tests/conformance/nats/go_client: one feature a test.
#include <chrono>
#include <optional>

#include <gtest/gtest.h>

#include "tests/conformance/go/programs.h"
#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/child_process.h"

namespace wherry::conformance {
namespace {

constexpr std::chrono::minutes kRunPatience{2};

class NatsGoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    program_ = NatsGoClient();
    if (program_.path.empty()) GTEST_SKIP() << program_.missing;
    server_ = NatsServer::Start(NatsServer::Wanted());
    ASSERT_NE(server_, nullptr);
  }

  NatsServer& server() { return *server_; }
  std::vector<std::string> Command(const std::string& feature) const {
    return {program_.path, feature, server_->url()};
  }
  void ExpectSuccess(const std::string& feature) {
    ChildProcess process(Command(feature));
    ExpectSuccess(process);
  }
  static void ExpectSuccess(ChildProcess& process) {
    const std::optional<Exit> exit = process.AwaitExit(kRunPatience);
    ASSERT_TRUE(exit.has_value()) << "it did not end: " << process.Errors();
    EXPECT_EQ(exit->status, 0) << process.Errors();
  }

 private:
  GoProgram program_;
  std::unique_ptr<NatsServer> server_;
};

TEST_F(NatsGoTest, Drain) { ExpectSuccess("drain"); }
TEST_F(NatsGoTest, Headers) { ExpectSuccess("headers"); }
TEST_F(NatsGoTest, MicroServices) { ExpectSuccess("micro"); }
TEST_F(NatsGoTest, QueueGroups) { ExpectSuccess("queue"); }
TEST_F(NatsGoTest, OneRequestWithManyAnswers) { ExpectSuccess("request-many"); }

TEST_F(NatsGoTest, Reconnect) {
  if (NatsServer::Wanted() == NatsServer::Kind::kRemote) GTEST_SKIP() << "stops the server";
  std::vector<std::string> command = Command("reconnect");
  command.push_back(ChildProcess::kReadyFd);
  ChildProcess process(command);
  ASSERT_EQ(process.AwaitReady(), "ready\n") << process.Errors();
  server().Stop();
  server().StartAgain();
  ExpectSuccess(process);
}

}  // namespace
}  // namespace wherry::conformance
