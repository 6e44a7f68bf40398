// nats-server's own tests of the wire, from its Go module, with our program in the place of theirs.
#include <gtest/gtest.h>

#include "tests/conformance/support/others_suite.h"

namespace wherry::conformance {
namespace {

TEST(NatsServerTests, PassWithOurProcess) {
  RunOthersSuite(
      {WHERRY_CONFORMANCE, "nats-server-tests", "--no-build", "--server", WHERRY_NATS_SERVER});
}

}  // namespace
}  // namespace wherry::conformance
