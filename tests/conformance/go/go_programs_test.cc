// What the tests with Go programs need, compiled before they run: CTest starts these first, with
// time enough to download the modules on a machine that never saw them.
#include <gtest/gtest.h>

#include "tests/conformance/go/programs.h"
#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/go_program.h"

namespace wherry::conformance {
namespace {

void ExpectThere(const GoProgram& program) {
  if (program.path.empty()) GTEST_SKIP() << program.missing;
}

TEST(GoProgramsTest, NatsServerIsThere) {
  ExpectThere(GoProgram::Install(NatsServer::kNewestPackage));
}
TEST(GoProgramsTest, NatsToolIsThere) { ExpectThere(GoProgram::Install(kNatsTool)); }
TEST(GoProgramsTest, NatsGoClientIsThere) { ExpectThere(NatsGoClient()); }

}  // namespace
}  // namespace wherry::conformance
