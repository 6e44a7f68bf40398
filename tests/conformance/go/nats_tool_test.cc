// The `nats` command-line tool, used as people use it.
#include <chrono>
#include <optional>

#include <gmock/gmock.h>

#include "tests/conformance/go/programs.h"
#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/child_process.h"
#include "tests/conformance/support/raw_socket.h"
#include "tests/conformance/support/temp_folder.h"

namespace wherry::conformance {
namespace {

using ::testing::HasSubstr;

class NatsToolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    tool_ = GoProgram::Install(kNatsTool);
    if (tool_.path.empty()) GTEST_SKIP() << tool_.missing;
    server_ = NatsServer::Start(NatsServer::Wanted());
    ASSERT_NE(server_, nullptr);
  }

  // Starts `nats` with the arguments. It keeps contexts at home, and there are none of ours.
  std::unique_ptr<ChildProcess> Start(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), tool_.path);
    auto process = std::make_unique<ChildProcess>(
        arguments,
        std::vector<std::string>{"NATS_URL=" + server_->url(), "HOME=" + home_.path().string(),
                                 "XDG_CONFIG_HOME=" + home_.path().string()});
    process->CloseInput();
    return process;
  }

  struct Said {
    std::string output;
    std::string errors;
  };
  static Said End(ChildProcess& process) {
    const std::optional<Exit> exit = process.AwaitExit();
    EXPECT_TRUE(exit.has_value() && exit->status == 0) << process.Output() << process.Errors();
    return {process.Output(), process.Errors()};
  }
  Said Run(std::vector<std::string> arguments) const { return End(*Start(std::move(arguments))); }

  // Waits until somebody subscribes to the subject, who thereby gets one empty request.
  void AwaitInterest(const std::string& subject) const {
    RawSocket socket(AddressOfUrl(server_->url()));
    socket.TakeLine();
    socket.Send(
        "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n"
        "SUB probe 1\r\n");
    const Deadline deadline;
    for (std::string answer = "503"; answer.find("503") != answer.npos; answer = socket.Take()) {
      ASSERT_FALSE(deadline.Passed()) << "nobody subscribed to " << subject;
      socket.Send("PUB " + subject + " probe 0\r\n\r\nPING\r\n");
      ASSERT_TRUE(socket.AwaitText("PONG\r\n"));
    }
  }

 private:
  GoProgram tool_;
  TempFolder home_;
  std::unique_ptr<NatsServer> server_;
};

TEST_F(NatsToolTest, PubReachesSub) {
  const auto sub = Start({"sub", "orders.*", "--count", "3", "--headers-only"});
  AwaitInterest("orders.new");
  EXPECT_THAT(Run({"pub", "orders.new", "one wherry", "-H", "Color:red"}).errors,
              HasSubstr("Published 10 bytes to \"orders.new\""));
  Run({"pub", "orders.old", "--count", "1", "another"});
  const std::string got = End(*sub).output;
  EXPECT_THAT(got, HasSubstr("orders.new"));
  EXPECT_THAT(got, HasSubstr("Color: red"));
  EXPECT_THAT(got, HasSubstr("orders.old"));
}

TEST_F(NatsToolTest, SubInAQueueGetsWhatPubSends) {
  const auto sub = Start({"sub", "work", "--queue", "workers", "--count", "101", "--raw"});
  AwaitInterest("work");
  Run({"pub", "work", "--count", "100", "number {{Count}}"});
  const std::string got = End(*sub).output;
  for (int i = 1; i <= 100; ++i) EXPECT_THAT(got, HasSubstr("number " + std::to_string(i) + "\n"));
}

TEST_F(NatsToolTest, ReplyAnswersReq) {
  const auto reply = Start({"reply", "help", "you said {{.Request}}", "--count", "3"});
  AwaitInterest("help");
  EXPECT_THAT(Run({"req", "help", "me", "--raw"}).output, HasSubstr("you said me"));
  EXPECT_THAT(Run({"req", "help", "yourself", "--raw"}).output, HasSubstr("you said yourself"));
  EXPECT_TRUE(reply->AwaitExit().has_value());  // with 1, whichever server it was
}

TEST_F(NatsToolTest, ReqIsToldThatNobodyAnswers) {
  EXPECT_THAT(Run({"req", "nobody", "x"}).errors, HasSubstr("No responders are available"));
}

TEST_F(NatsToolTest, RttIsMeasured) { EXPECT_THAT(Run({"rtt"}).output, HasSubstr("127.0.0.1:")); }

TEST_F(NatsToolTest, BenchPubAndSubCountTheSame) {
  const auto sub = Start({"bench", "sub", "bench", "--msgs", "50001", "--no-progress"});
  AwaitInterest("bench");
  EXPECT_THAT(
      Run({"bench", "pub", "bench", "--msgs", "50000", "--clients", "2", "--no-progress"}).output,
      HasSubstr("publisher"));
  EXPECT_THAT(End(*sub).output, HasSubstr("msgs/sec"));
}

TEST_F(NatsToolTest, BenchRequestsAreServed) {
  const auto serve = Start({"bench", "service", "serve", "bench", "--no-progress"});
  AwaitInterest("bench");
  const Said said =
      Run({"bench", "service", "request", "bench", "--msgs", "1000", "--no-progress"});
  EXPECT_THAT(said.output, HasSubstr("msgs/sec"));
}

TEST_F(NatsToolTest, MicroServicesAreFoundAndAsked) {
  const auto serve = Start({"micro", "serve", "boats"});
  AwaitInterest("$SRV.PING.boats");
  EXPECT_THAT(Run({"micro", "ls"}).output, HasSubstr("boats"));
  EXPECT_THAT(Run({"micro", "ping", "boats"}).output, HasSubstr("boats"));
  EXPECT_THAT(Run({"micro", "info", "boats"}).output, HasSubstr("boats.echo"));
  EXPECT_THAT(Run({"micro", "request", "boats", "echo", "one wherry", "--raw"}).output,
              HasSubstr("one wherry"));
  EXPECT_THAT(Run({"micro", "stats", "boats"}).output, HasSubstr("echo"));
}

}  // namespace
}  // namespace wherry::conformance
