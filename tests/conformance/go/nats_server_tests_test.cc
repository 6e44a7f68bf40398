// nats-server's own tests of the wire, from its Go module, with our program in the place of theirs.
#include <chrono>
#include <optional>

#include <gtest/gtest.h>

#include "tests/conformance/support/child_process.h"

namespace wherry::conformance {
namespace {

constexpr std::chrono::minutes kSuitePatience{14};
// How the tool says that the machine lacks what it needs.
constexpr int kUnable = 77;

TEST(NatsServerTests, PassWithOurProcess) {
  if (!HasProgram("python3")) GTEST_SKIP() << "Python is not installed";
  ChildProcess suite(
      {WHERRY_CONFORMANCE, "nats-server-tests", "--no-build", "--server", WHERRY_NATS_SERVER});
  const std::optional<Exit> exit = suite.AwaitExit(kSuitePatience);
  ASSERT_TRUE(exit.has_value()) << "the suite did not end: " << suite.Output();
  const std::string said = suite.Output();
  if (exit->status == kUnable) GTEST_SKIP() << said.substr(0, said.find('\n'));
  EXPECT_EQ(exit->status, 0) << said << suite.Errors();
}

}  // namespace
}  // namespace wherry::conformance
