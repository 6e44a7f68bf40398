// librdkafka's own tests, of Debian's release: those of the list that take less than half a minute.
// `tools/conformance librdkafka` runs all.
#include <gtest/gtest.h>

#include "tests/conformance/support/others_suite.h"

namespace wherry::conformance {
namespace {

// Most of a test's time is spent in waiting for its own timers.
constexpr char kJobs[] = "6";
// Some run into their own limits on a slow machine; the tool says which.
constexpr char kAttempts[] = "3";
constexpr char kQuick[] =
    "^(?!.*(0033|0055|0076|0077|0081|0091|0093|0094|0102|0103|0122)).*[0-9]{4}$";

TEST(LibrdkafkaTests, PassWithOurProcess) {
  RunOthersSuite({WHERRY_CONFORMANCE, "librdkafka", "--no-build", "--preset", WHERRY_PRESET,
                  "--jobs", kJobs, "--attempts", kAttempts, "--only", kQuick});
}

}  // namespace
}  // namespace wherry::conformance
