#pragma once

// For GoogleTest: a broker per test, in memory, on free ports. Header-only; the including test
// links GoogleTest itself.

#include <optional>

#include <gtest/gtest.h>

#include "wherry/broker.h"

namespace wherry::testing {

// A fixture with a running broker, which fails a test that leaves something wrong behind: messages
// that nobody received, reads that were not committed, open connections (wherry/lint.h).
//
//   class OrdersTest : public wherry::testing::BrokerTest {};
//   TEST_F(OrdersTest, Connects) { Connect(broker().Url("nats")); }
//
// Clients must be closed in the test's body, or in a TearDown that then calls this one: members of
// a derived fixture live on, and are leaked connections.
// A derived class overrides options() for a broker that is not the default one.
class BrokerTest : public ::testing::Test {
 protected:
  // Operations that are remembered for lint and for failures' sake, unless options() says a number.
  static constexpr std::size_t kHistory = 10'000;

  virtual Options options() const { return {}; }

  // Rules that may be broken: in the test's body, or for all of a fixture in its constructor.
  void AllowLint(LintRule rule) { lint_.allowed.insert(rule); }
  // How the end of the test is looked at; false for not at all.
  void SetLint(bool on) { lints_ = on; }
  LintOptions& lint() { return lint_; }

  void SetUp() override {
    Options wanted = options();
    if (lints_ && wanted.history == 0) wanted.history = kHistory;
    StatusOr<Broker> started = Broker::Start(wanted);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
  }
  void TearDown() override {
    if (!broker_.has_value()) return;
    if (lints_ && !IsSkipped()) Lint();
    EXPECT_TRUE(broker_->Stop().ok());
    broker_.reset();
  }

  Broker& broker() { return broker_.value(); }

 private:
  void Lint() {
    const StatusOr<std::vector<LintFinding>> findings = broker_->Lint(lint_);
    // A test that stopped its broker has looked for itself.
    if (findings.status().code() == StatusCode::kUnavailable) return;
    ASSERT_TRUE(findings.ok()) << findings.status();
    for (const LintFinding& finding : *findings) {
      ADD_FAILURE() << finding << "\n(AllowLint(LintRule) lets a test do this.)";
    }
  }

  std::optional<Broker> broker_;
  LintOptions lint_;
  bool lints_ = true;
};

}  // namespace wherry::testing
