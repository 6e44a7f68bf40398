#pragma once

#include <string>
#include <vector>

namespace wherry::conformance {

// Runs a suite of others by tools/conformance, the command and its arguments. Fails the test with
// what the suite said, or skips it with the tool's own reason where the machine lacks what it
// needs.
void RunOthersSuite(std::vector<std::string> command);

}  // namespace wherry::conformance
