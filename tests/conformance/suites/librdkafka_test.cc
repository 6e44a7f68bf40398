// librdkafka's own tests, of Debian's release: those of the list that take less than half a minute.
// `tools/conformance librdkafka` runs all.
#include <chrono>
#include <optional>

#include <gtest/gtest.h>

#include "tests/conformance/support/child_process.h"

namespace wherry::conformance {
namespace {

constexpr std::chrono::minutes kSuitePatience{14};
// Most of a test's time is spent in waiting for its own timers.
constexpr char kJobs[] = "4";
// On a machine that is busy with other tests some run into their own limits; the tool says which.
constexpr char kAttempts[] = "3";
constexpr char kQuick[] =
    "^(?!.*(0033|0055|0076|0077|0081|0091|0093|0094|0102|0103|0122)).*[0-9]{4}$";
// How the tool says that the machine lacks what it needs.
constexpr int kUnable = 77;

TEST(LibrdkafkaTests, PassWithOurProcess) {
  if (!HasProgram("python3")) GTEST_SKIP() << "Python is not installed";
  ChildProcess suite({WHERRY_CONFORMANCE, "librdkafka", "--no-build", "--preset", WHERRY_PRESET,
                      "--jobs", kJobs, "--attempts", kAttempts, "--only", kQuick});
  const std::optional<Exit> exit = suite.AwaitExit(kSuitePatience);
  ASSERT_TRUE(exit.has_value()) << "the suite did not end: " << suite.Output();
  const std::string said = suite.Output();
  if (exit->status == kUnable) GTEST_SKIP() << said.substr(0, said.find('\n'));
  EXPECT_EQ(exit->status, 0) << said << suite.Errors();
}

}  // namespace
}  // namespace wherry::conformance
