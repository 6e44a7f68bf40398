#pragma once

#include <memory>
#include <string>

#include "tests/conformance/support/child_process.h"
#include "tests/crash/crashable.h"
#include "tests/crash/lost_power.h"

namespace wherry::crash {

// The `wherry` program with a data directory. A crash is a kill -9; with a LostPower it is followed
// by the loss of what the program had not synced.
// Threads: one at a time. Owned by the test.
class ServerProcess final : public Crashable {
 public:
  // `sync` as --sync takes it; `power` may be null, and must outlive it.
  ServerProcess(std::string data_dir, std::string sync, LostPower* power = nullptr);
  // Ends it in order, with exit status 0.
  ~ServerProcess() override;

  std::string address() const override { return address_; }
  void Crash() override;

 private:
  void Start();

  const std::string data_dir_;
  const std::string sync_;
  LostPower* const power_;
  std::string address_ = "127.0.0.1:0";
  std::unique_ptr<conformance::ChildProcess> process_;
};

}  // namespace wherry::crash
