// The Go programs of clients/examples/go, built and run as a reader of theirs would.
#include <chrono>
#include <cstdio>
#include <optional>

#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_server.h"
#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/child_process.h"
#include "tests/conformance/support/temp_folder.h"

namespace wherry::conformance {
namespace {

// What go.mod asks for.
constexpr int kGoMinor = 22;
// Modules are downloaded and compiled when a machine sees them first.
constexpr std::chrono::minutes kDownloadPatience{4};
constexpr std::chrono::minutes kBuildPatience{8};
constexpr std::chrono::minutes kRunPatience{2};

class GoExamplesTest : public ::testing::Test {
 protected:
  // Builds the programs whose names begin so; false, and why in skipped_, where that is impossible.
  bool Build(const std::string& prefix) {
    if (!HasProgram("go")) return Skip("Go is not installed");
    int minor = 0;
    const std::string version = OutputOf({"go", "version"});
    if (std::sscanf(version.c_str(), "go version go1.%d", &minor) == 1 && minor < kGoMinor) {
      return Skip("Go is too old: " + version);
    }
    ChildProcess download({"go", "-C", WHERRY_GO_EXAMPLES, "mod", "download"}, kEnvironment);
    const std::optional<Exit> downloaded = download.AwaitExit(kDownloadPatience);
    if (!downloaded.has_value() || downloaded->status != 0) {
      return Skip("the modules cannot be downloaded: " + download.Errors());
    }
    Run({"go", "-C", WHERRY_GO_EXAMPLES, "build", "-o", folder_.path().string() + "/",
         "./" + prefix + "..."},
        kEnvironment, kBuildPatience);
    return true;
  }

  void RunExample(const std::string& name, const std::vector<std::string>& environment) {
    Run({folder_.File(name)}, environment, kRunPatience);
  }

  std::string skipped_;

 private:
  bool Skip(std::string why) {
    // One line, whatever a tool had to say.
    skipped_ = why.substr(0, why.find('\n'));
    return false;
  }

  static void Run(std::vector<std::string> arguments, const std::vector<std::string>& environment,
                  std::chrono::milliseconds patience) {
    const std::string command = ::testing::PrintToString(arguments);
    ChildProcess process(std::move(arguments), environment);
    const std::optional<Exit> exit = process.AwaitExit(patience);
    ASSERT_TRUE(exit.has_value()) << command << " did not end: " << process.Errors();
    EXPECT_EQ(exit->status, 0) << command << ": " << process.Output() << process.Errors();
  }

  // The Go that is here, not one it would download.
  const std::vector<std::string> kEnvironment = {"GOTOOLCHAIN=local"};
  TempFolder folder_;
};

TEST_F(GoExamplesTest, NatsPatternsWork) {
  if (!Build("nats-")) GTEST_SKIP() << skipped_;
  const auto server = NatsServer::Start(NatsServer::Wanted());
  ASSERT_NE(server, nullptr);
  for (const char* name : {"nats-pubsub", "nats-queue", "nats-request"}) {
    RunExample(name, {"WHERRY_NATS_URL=" + server->url()});
  }
}

TEST_F(GoExamplesTest, KafkaPatternsWork) {
  if (!Build("kafka-")) GTEST_SKIP() << skipped_;
  const auto server = KafkaServer::Start(KafkaServer::Wanted(KafkaServer::Kind::kDisk));
  ASSERT_NE(server, nullptr);
  for (const char* name : {"kafka-produce", "kafka-consume"}) {
    RunExample(name, {"WHERRY_KAFKA_BOOTSTRAP=" + server->bootstrap()});
  }
}

}  // namespace
}  // namespace wherry::conformance
