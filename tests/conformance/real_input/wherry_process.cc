#include "tests/conformance/real_input/wherry_process.h"

#include <csignal>
#include <regex>

#include <gtest/gtest.h>

namespace wherry::conformance {

WherryProcess::WherryProcess(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), WHERRY_SERVER);
  arguments.insert(arguments.end(), {"--ready-fd", ChildProcess::kReadyFd});
  process_ = std::make_unique<ChildProcess>(std::move(arguments));
  ready_ = process_->AwaitReady();
  EXPECT_NE(ready_, "") << process_->Errors();
}

std::string WherryProcess::Address(const std::string& protocol) const {
  std::smatch match;
  const std::regex url("\"" + protocol + "://([^\"]+)\"");
  return std::regex_search(ready_, match, url) ? match[1].str() : "";
}

void WherryProcess::Stop() {
  process_->Signal(SIGTERM);
  const std::optional<Exit> exit = process_->AwaitExit();
  ASSERT_TRUE(exit.has_value()) << "it did not stop";
  EXPECT_EQ(exit->status, 0) << process_->Errors();
}

}  // namespace wherry::conformance
