#pragma once

// For GoogleTest: a broker, or a namespace of one, per test. Header-only; the including test links
// GoogleTest itself.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "wherry/broker.h"

namespace wherry::testing {

// What the fixtures below have in common: they fail a test that leaves something wrong behind, such
// as messages that nobody received, reads that were not committed, open connections
// (wherry/lint.h).
//
// Clients must be closed in the test's body, or in a TearDown that then calls the fixture's:
// members of a derived fixture live on, and are leaked connections.
class LintedTest : public ::testing::Test {
 protected:
  // Operations that are remembered for lint, unless Options::history says a number.
  static constexpr std::size_t kHistory = 10'000;

  // Rules that may be broken: in the test's body, or for all of a fixture in its constructor.
  void AllowLint(LintRule rule) { lint_.allowed.insert(rule); }
  // Whether the end of the test is looked at; before SetUp. False: there is no history either.
  void SetLint(bool on) { lints_ = on; }
  // How it is looked at.
  LintOptions& lint() { return lint_; }
  bool lints() const { return lints_; }

  // One failure for each finding.
  void Lint(Namespace& ns) {
    if (!lints_ || IsSkipped()) return;
    const StatusOr<std::vector<LintFinding>> findings = ns.Lint(lint_);
    // A test that stopped its broker has looked for itself.
    if (findings.status().code() == StatusCode::kUnavailable) return;
    ASSERT_TRUE(findings.ok()) << findings.status();
    for (const LintFinding& finding : *findings) {
      ADD_FAILURE() << finding << "\n(AllowLint(LintRule) lets a test do this.)";
    }
  }

 private:
  LintOptions lint_;
  bool lints_ = true;
};

// A fixture with a running broker of its own, in memory, on free ports.
//
//   class OrdersTest : public wherry::testing::BrokerTest {};
//   TEST_F(OrdersTest, Connects) { Connect(broker().Url("nats")); }
//
// A derived class overrides options() for a broker that is not the default one.
class BrokerTest : public LintedTest {
 protected:
  virtual Options options() const { return {}; }

  void SetUp() override {
    Options wanted = options();
    if (lints() && wanted.history == 0) wanted.history = kHistory;
    StatusOr<Broker> started = Broker::Start(wanted);
    ASSERT_TRUE(started.ok()) << started.status();
    broker_.emplace(std::move(started).value());
  }
  void TearDown() override {
    if (!broker_.has_value()) return;
    Lint(broker_->default_namespace());
    EXPECT_TRUE(broker_->Stop().ok());
    broker_.reset();
  }

  Broker& broker() { return broker_.value(); }

 private:
  std::optional<Broker> broker_;
};

// A fixture with a namespace of its own, in a broker that all tests of the program share: cheaper
// by far, and no less apart.
//
//   class OrdersTest : public wherry::testing::NamespaceTest {};
//   TEST_F(OrdersTest, Connects) { Connect(ns().Url("nats")); }
class NamespaceTest : public LintedTest {
 protected:
  // Started at the first call.
  static Broker& SharedBroker() {
    static Broker broker = [] {
      Options options;
      options.history = kHistory;
      return Broker::Start(options).value();
    }();
    return broker;
  }

  void SetUp() override {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    StatusOr<Namespace> made =
        SharedBroker().NewNamespace(std::string(test.test_suite_name()) + "." + test.name());
    ASSERT_TRUE(made.ok()) << made.status();
    ns_.emplace(std::move(made).value());
  }
  void TearDown() override {
    if (!ns_.has_value()) return;
    Lint(*ns_);
    ns_.reset();
  }

  Namespace& ns() { return ns_.value(); }

 private:
  std::optional<Namespace> ns_;
};

}  // namespace wherry::testing
