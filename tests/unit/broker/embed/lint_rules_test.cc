// The rules on logs made by hand; the conformance tests have the same from stock clients.
#include "broker/embed/lint_rules.h"

#include <gmock/gmock.h>

namespace wherry::embed {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

auto Finding(LintRule rule, const std::string& text) {
  return AllOf(Field(&LintFinding::rule, rule), Field(&LintFinding::text, HasSubstr(text)));
}

// A log and its rules' findings.
class LintRulesTest : public ::testing::Test {
 protected:
  RequestInfo& Add(RequestInfo request) {
    request.sequence = subject_.requests.size() + 1;
    request.answered = true;
    if (request.connection == 0) {
      request.connection = 7;
      request.client = "app";
    }
    subject_.requests.push_back(std::move(request));
    return subject_.requests.back();
  }
  RequestInfo& Publish(const std::string& subject, std::int64_t receivers,
                       const std::string& reply = "") {
    RequestInfo& message = Add({.operation = "nats.PUB", .subject = subject, .reply = reply});
    message.payload = "hello";
    message.bytes = 5;
    message.receivers = receivers;
    return message;
  }
  void Subscribe(const std::string& subject) {
    Add({.operation = "nats.SUB", .connection = 8, .client = "worker", .subject = subject});
  }

  // One request of a Kafka client about "t", partition 0.
  RequestInfo& Kafka(const std::string& api, std::int64_t asked, std::int64_t answered,
                     const std::string& group = "") {
    RequestInfo& request = Add({.operation = "kafka." + api});
    if (!group.empty()) request.groups = {group};
    request.places = {{"t", 0, asked, answered}};
    return request;
  }
  // A member of group "g" finds where to begin: at the end, if nothing is committed.
  void Join(std::int64_t committed) {
    Kafka("SyncGroup", -1, -1, "g");
    Kafka("OffsetFetch", -1, committed, "g");
  }

  std::vector<LintFinding> Lint() { return FindLint(subject_, options_); }

  LintSubject subject_{.bounds = {{{"t", 0}, {0, 5}}}, .committed = {{"g", {}}}};
  LintOptions options_;
};

TEST_F(LintRulesTest, AMessageThatReachedNobody) {
  Subscribe("ordres.new");
  Publish("orders.new", 0);
  Publish("orders.new", 0);
  Publish("other", 1);
  EXPECT_THAT(Lint(),
              ElementsAre(Finding(LintRule::kUnreceived,
                                  "2 messages on \"orders.new\" (the first is \"hello\" of 5 "
                                  "bytes, #2 in the log, by \"app\" (connection 7)) reached "
                                  "nobody: nobody ever subscribed to it; nearest is "
                                  "\"ordres.new\" of \"worker\" (connection 8): token 1 is "
                                  "\"ordres\"")));
}

TEST_F(LintRulesTest, AMessageThatNothingIsLike) {
  Publish("orders.new", 0);
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUnreceived, "or to anything like it")));
}

TEST_F(LintRulesTest, AMatchingSubscriptionInFrontMayNotHaveBeenAbleTo) {
  Subscribe("orders.*");
  Publish("orders.new", 0);
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUnreceived, "matches it, but had ended")));
}

TEST_F(LintRulesTest, WhoeverIsToldKnows) {
  Publish("orders.new", 0, "_INBOX.1").error = "503 no responders";
  Publish("secret", 0).error = "Permissions Violation for Publish to \"secret\"";
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_F(LintRulesTest, WhoeverAskedMayHaveGone) {
  Publish("orders.get", 1, "_INBOX.1");
  Publish("_INBOX.1", 0);
  EXPECT_THAT(Lint(), IsEmpty());
  Publish("_INBOX.2", 0);
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUnreceived, "_INBOX.2")));
}

TEST_F(LintRulesTest, ASubscriptionBehindItsMessage) {
  Publish("orders.new", 0).time += std::chrono::milliseconds(10);
  Subscribe("orders.>");
  subject_.requests.back().time += std::chrono::milliseconds(13);
  Publish("orders.old", 1);
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kLateSubscription,
                                          "\"worker\" (connection 8) subscribed to \"orders.>\" "
                                          "only 3 ms later (#2)")));
}

TEST_F(LintRulesTest, AGroupThatCommittedWhatItRead) {
  Join(-1);
  Kafka("ListOffsets", -2, 0);
  Kafka("Fetch", 0, 5);
  subject_.committed = {{"g", {{{"t", 0}, 5}}}};
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_F(LintRulesTest, AGroupThatReadOnWithoutCommitting) {
  Join(-1);
  Kafka("ListOffsets", -2, 0);
  Kafka("Fetch", 0, 3);
  Kafka("Fetch", 3, 5);
  Kafka("Fetch", 5, -1);
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUncommittedRead,
                                          "group \"g\" was sent t[0] up to offset 5 (client "
                                          "\"app\"), but has committed nothing")));
  subject_.committed = {{"g", {{{"t", 0}, 3}}}};
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUncommittedRead, "has committed 3")));
}

TEST_F(LintRulesTest, WhoeverReadsWithoutAGroupOwesNoCommit) {
  Kafka("Fetch", 0, 5);
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_F(LintRulesTest, WhatWasDeletedOwesNoCommit) {
  Join(-1);
  Kafka("Fetch", 0, 5);
  const LintSubject whole = subject_;
  subject_.committed.clear();
  EXPECT_THAT(Lint(), IsEmpty()) << "the group is gone";
  subject_ = whole;
  subject_.bounds.clear();
  EXPECT_THAT(Lint(), IsEmpty()) << "the topic is gone";
}

TEST_F(LintRulesTest, OfSeveralGroupsTheOneThatCommittedIsBelieved) {
  Kafka("SyncGroup", -1, -1, "g");
  Kafka("SyncGroup", -1, -1, "h");
  Kafka("Fetch", 0, 5);
  subject_.committed = {{"g", {{{"t", 0}, 2}}}, {"h", {{{"t", 0}, 5}}}};
  EXPECT_THAT(Lint(), IsEmpty());
  subject_.committed = {{"g", {{{"t", 0}, 2}}}, {"h", {}}};
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kUncommittedRead, "group \"g\" or \"h\"")));
}

TEST_F(LintRulesTest, AGroupThatBeganBehindRecords) {
  Join(-1);
  Kafka("ListOffsets", -1, 5);
  Kafka("Fetch", 5, -1);
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kLateSubscription,
                                          "group \"g\" began at the end of t[0], offset 5, and "
                                          "will not read the 5 records")));
}

TEST_F(LintRulesTest, AGroupThatBeganAtTheEndOfNothing) {
  subject_.bounds = {{{"t", 0}, {0, 0}}};
  Join(-1);
  Kafka("ListOffsets", -1, 0);
  Kafka("Fetch", 0, -1);
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_F(LintRulesTest, WhoeverOnlyAsksForTheEndHasMissedNothing) {
  // A group that goes on where it was, and looks how far that is from the end.
  Join(5);
  Kafka("ListOffsets", -1, 5);
  Kafka("Fetch", 5, -1);
  // One that begins at the beginning in spite of having asked.
  Join(-1);
  Kafka("ListOffsets", -1, 5);
  Kafka("ListOffsets", -2, 0);
  Kafka("Fetch", 0, -1);
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_F(LintRulesTest, AFailedRequestShowsNothing) {
  Join(-1);
  Kafka("Fetch", 0, 5).error = "NOT_LEADER_OR_FOLLOWER";
  EXPECT_THAT(Lint(), IsEmpty());
}

TEST_F(LintRulesTest, AConnectionThatIsOpen) {
  subject_.connections = {{.protocol = "nats", .id = 3, .remote = "127.0.0.1:9", .client = "app"}};
  EXPECT_THAT(Lint(), ElementsAre(Finding(LintRule::kLeakedConnection,
                                          "nats connection 3 of 127.0.0.1:9, \"app\" is still "
                                          "open")));
}

TEST_F(LintRulesTest, EachRuleCanBeSwitchedOff) {
  Publish("orders.new", 0);
  Publish("early", 0);
  Subscribe("early");
  Join(-1);
  Kafka("Fetch", 0, 5);
  subject_.connections = {{.protocol = "kafka", .id = 1}};
  const auto rules = [this] {
    std::vector<LintRule> found;
    for (const LintFinding& finding : Lint()) found.push_back(finding.rule);
    return found;
  };
  const std::vector<LintRule> all = {LintRule::kUnreceived, LintRule::kUncommittedRead,
                                     LintRule::kLateSubscription, LintRule::kLeakedConnection};
  EXPECT_EQ(rules(), all);
  for (const LintRule rule : all) {
    options_.allowed = {rule};
    std::vector<LintRule> others = all;
    std::erase(others, rule);
    EXPECT_EQ(rules(), others) << LintRuleName(rule);
  }
}

}  // namespace
}  // namespace wherry::embed
