#pragma once

#include <unistd.h>

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/conformance/nats/nats_client.h"
#include "tests/conformance/nats/nats_server.h"

namespace wherry::conformance {

// A fixture with a NATS server as the environment asks for it (see NatsServer::Wanted).
// Threads: the test's. Owned by GoogleTest.
class NatsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = NatsServer::Start(NatsServer::Wanted(), {.nats = options(), .threads = threads()});
    ASSERT_NE(server_, nullptr);
  }

  // A test that needs its own options, or a server to stop, overrides these and is skipped on a
  // remote server.
  virtual NatsOptions options() const { return {}; }
  // 0: as the environment asks for.
  virtual int threads() const { return 0; }

  static bool IsRemote() { return NatsServer::Wanted() == NatsServer::Kind::kRemote; }
  NatsServer& server() { return *server_; }
  std::string url() const { return server_->url(); }

  // A subject of this test alone, so that a remote server may serve many tests at once.
  static std::string Subject(const std::string& subject) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return "t" + std::to_string(::getpid()) + "." + test->name() + "." + subject;
  }

 private:
  std::unique_ptr<NatsServer> server_;
};

}  // namespace wherry::conformance
