#include "tests/crash/server_process.h"

#include <csignal>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "tests/conformance/support/raw_socket.h"

namespace wherry::crash {

using conformance::ChildProcess;

ServerProcess::ServerProcess(std::string data_dir, std::string sync, LostPower* power)
    : data_dir_(std::move(data_dir)), sync_(std::move(sync)), power_(power) {
  Start();
}

ServerProcess::~ServerProcess() {
  process_->Signal(SIGTERM);
  const auto exit = process_->AwaitExit();
  EXPECT_TRUE(exit.has_value() && exit->status == 0) << process_->Errors();
}

void ServerProcess::Start() {
  std::vector<std::string> environment;
  if (power_ != nullptr) environment = power_->Environment();
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{WHERRY_SERVER, "--data-dir", data_dir_, "--sync", sync_, "--listen",
                               "kafka://" + address_, "--log-level", "warning", "--ready-fd",
                               ChildProcess::kReadyFd},
      environment);
  const std::string ready = process_->AwaitReady();
  ASSERT_FALSE(ready.empty()) << "it does not start: " << process_->Errors();
  EXPECT_EQ(process_->Errors(), "") << "it opens with complaints";
  address_ = conformance::AddressOfUrl(
      boost::json::parse(ready).at("kafka").at(0).as_string());
}

void ServerProcess::Crash() {
  process_->Kill();
  if (power_ != nullptr) power_->Lose();
  Start();
}

}  // namespace wherry::crash
