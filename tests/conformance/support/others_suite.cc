#include "tests/conformance/support/others_suite.h"

#include <chrono>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "tests/conformance/support/child_process.h"

namespace wherry::conformance {

namespace {

constexpr std::chrono::minutes kSuitePatience{14};
// How the tool says that the machine lacks what it needs.
constexpr int kUnable = 77;

}  // namespace

void RunOthersSuite(std::vector<std::string> command) {
  if (!HasProgram("python3")) GTEST_SKIP() << "Python is not installed";
  ChildProcess suite(std::move(command));
  const std::optional<Exit> exit = suite.AwaitExit(kSuitePatience);
  ASSERT_TRUE(exit.has_value()) << "the suite did not end: " << suite.Output();
  const std::string said = suite.Output();
  if (exit->status == kUnable) GTEST_SKIP() << said.substr(0, said.find('\n'));
  EXPECT_EQ(exit->status, 0) << said << suite.Errors();
}

}  // namespace wherry::conformance
