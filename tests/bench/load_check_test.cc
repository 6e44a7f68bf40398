// The load generator's checks must fail when the server does something wrong, and only then.
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bench/cases.h"
#include "tests/bench/connections_run.h"
#include "tests/bench/delivery_check.h"
#include "tests/bench/faulty_nats_server.h"
#include "tests/bench/message_parser.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kMessages = 2000;
constexpr std::size_t kPayload = 128;

struct Wrong {
  Fault fault;
  std::string name;
  std::string reason;  // what the failure must say in a plain delivery; "" in others
};

const Wrong kWrongs[] = {
    {Fault::kDrop, "Drop", "was due"},
    {Fault::kDuplicate, "Duplicate", "duplicate"},
    {Fault::kRepeatAtEnd, "RepeatAtEnd", "duplicate"},
    {Fault::kSwap, "Swap", "out of order"},
    {Fault::kCorrupt, "Corrupt", "damaged"},
    {Fault::kOtherSubject, "OtherSubject", "did not subscribe"},
    {Fault::kOtherSid, "OtherSid", "did not subscribe"},
    {Fault::kOtherConnection, "OtherConnection", "got a message"},
    {Fault::kShort, "Short", "payload"},
    {Fault::kError, "Error", "Slow Consumer"},
    {Fault::kClose, "Close", "closed"},
};

std::ostream& operator<<(std::ostream& out, const Wrong& wrong) { return out << wrong.name; }

Target TargetOf(const FaultyNatsServer& server) {
  Target target;
  target.address = server.address();
  target.stall_seconds = 0.3;
  return target;
}

absl::StatusOr<Measurement> RunAgainst(const std::string& name, Fault fault, std::uint64_t at) {
  FaultyNatsServer server(fault, at);
  const Case* const row = FindCase(name);
  const double usual = static_cast<double>(row->messages);
  return RunCase(*row, TargetOf(server), kPayload, static_cast<double>(kMessages) / usual);
}

class EveryCase : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryCase, PassesWhenTheServerIsRight) {
  const auto measured = RunAgainst(GetParam(), Fault::kNone, 0);
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_GT(measured->operations, 0u);
}

INSTANTIATE_TEST_SUITE_P(Load, EveryCase,
                         ::testing::Values("publish", "publish8", "1to1", "fanout10", "queue4",
                                           "fanin8", "pairs8", "request1", "request64", "inbox64",
                                           "paced", "scattered", "scattered10"),
                         [](const auto& param) { return "Case" + param.param; });

class EveryFault : public ::testing::TestWithParam<std::tuple<std::string, Wrong>> {};

TEST_P(EveryFault, FailsTheRun) {
  const auto& [name, wrong] = GetParam();
  // Fences are few, all else is many.
  const auto measured = RunAgainst(name, wrong.fault, name == "publish8" ? 5 : 1000);
  ASSERT_FALSE(measured.ok()) << name;
  if (name == "1to1") {
    EXPECT_THAT(std::string(measured.status().message()), HasSubstr(wrong.reason));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Load, EveryFault,
    ::testing::Combine(::testing::Values("publish8", "1to1", "fanout10", "queue4", "fanin8",
                                         "pairs8", "request64", "inbox64", "scattered10"),
                       ::testing::ValuesIn(kWrongs)),
    [](const auto& param) { return std::get<0>(param.param) + std::get<1>(param.param).name; });

TEST(LastMessage, MissingFailsTheRun) {
  const auto measured = RunAgainst("1to1", Fault::kDrop, kMessages - 1);
  ASSERT_FALSE(measured.ok());
  EXPECT_THAT(std::string(measured.status().message()), HasSubstr("1999 of 2000 deliveries"));
}

TEST(LastMessage, DuplicatedFailsTheRun) {
  EXPECT_FALSE(RunAgainst("1to1", Fault::kDuplicate, kMessages - 1).ok());
  EXPECT_FALSE(RunAgainst("1to1", Fault::kRepeatAtEnd, kMessages - 1).ok());
}

TEST(QueueGroup, DeliveredToEveryMemberFailsTheRun) {
  const auto measured = RunAgainst("queue4", Fault::kEveryMember, 1000);
  ASSERT_FALSE(measured.ok());
  EXPECT_THAT(std::string(measured.status().message()), HasSubstr("another member"));
}

TEST(Connections, AreAllProvedAlive) {
  for (const Fault fault : {Fault::kNone, Fault::kDuplicate, Fault::kCorrupt, Fault::kClose}) {
    FaultyNatsServer server(fault, 7);
    const auto measured = ConnectionsRun(TargetOf(server), 20).Execute();
    EXPECT_EQ(measured.ok(), fault == Fault::kNone) << static_cast<int>(fault);
  }
}

TEST(DeliveryCheck, WantsEveryMessageOfEveryPublisherInOrder) {
  DeliveryCheck check(2, 2);
  check.AddGroup(DeliveryCheck::Share::kEvery, 1);
  EXPECT_TRUE(check.Deliver(0, {0, 0}));
  EXPECT_TRUE(check.Deliver(0, {1, 0}));
  EXPECT_TRUE(check.Deliver(0, {1, 1}));
  EXPECT_FALSE(check.Complete().ok());
  EXPECT_TRUE(check.Deliver(0, {0, 1}));
  EXPECT_TRUE(check.Complete().ok());
}

TEST(DeliveryCheck, RefusesWhatWasNeverSent) {
  DeliveryCheck check(1, 2);
  check.AddGroup(DeliveryCheck::Share::kShared, 2);
  EXPECT_FALSE(check.Deliver(0, {0, 2}));
  EXPECT_FALSE(check.Deliver(0, {1, 0}));
  EXPECT_FALSE(check.Complete().ok());
}

TEST(DeliveryCheck, CountsWhatMembersOfAGroupLost) {
  DeliveryCheck check(1, 4);
  check.AddGroup(DeliveryCheck::Share::kShared, 2);
  EXPECT_TRUE(check.Deliver(0, {0, 0}));
  EXPECT_TRUE(check.Deliver(1, {0, 1}));
  EXPECT_TRUE(check.Deliver(0, {0, 2}));
  EXPECT_FALSE(check.Complete().ok());
  EXPECT_FALSE(check.Deliver(1, {0, 2}));
}

TEST(DeliveryCheck, RefusesAPublisherThatIsNotHeard) {
  DeliveryCheck check(2, 1);
  check.AddGroup(DeliveryCheck::Share::kEvery, 1, 0);
  EXPECT_FALSE(check.Deliver(0, {1, 0}));
  EXPECT_THAT(check.failure(), HasSubstr("not meant for it"));
}

TEST(Stamp, ShowsAnyChangedByte) {
  for (const std::size_t size : {16, 17, 23, 24, 25, 128, 1024}) {
    std::string payload(size, '\0');
    WritePayload(payload.data(), size, {3, 0});
    Restamp(payload.data(), size, {3, 77});
    Stamp stamp;
    ASSERT_TRUE(ReadPayload(payload, stamp));
    EXPECT_EQ(stamp.publisher, 3u);
    EXPECT_EQ(stamp.sequence, 77u);
    for (std::size_t i = 0; i < size; ++i) {
      payload[i] ^= 0x20;
      EXPECT_FALSE(ReadPayload(payload, stamp)) << size << " at " << i;
      payload[i] ^= 0x20;
    }
  }
}

class Recorder : public MessageHandler {
 public:
  bool OnMessage(int, const MessageHead& head, std::string_view payload) override {
    seen += std::string(head.subject) + "|" + std::string(head.sid) + "|" +
            std::string(head.reply) + "|" + std::string(payload) + ";";
    return true;
  }
  bool OnPong(int) override {
    seen += "PONG;";
    return true;
  }
  std::string seen;
};

TEST(MessageParser, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      "MSG a.b 1 5\r\nhello\r\nMSG a.b 1 5\r\nworld\r\nPONG\r\nMSG a 22 _INBOX.x 2\r\n\r\n\r\n"
      "+OK\r\nINFO {}\r\nMSG a.b 1 0\r\n\r\nPING\r\n";
  const std::string want = "a.b|1||hello;a.b|1||world;PONG;a|22|_INBOX.x|\r\n;a.b|1||;";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    MessageParser parser;
    Recorder recorder;
    bool ping = false;
    std::size_t at = 0;
    for (std::size_t end = step; at < bytes.size(); end = std::min(bytes.size(), end + step)) {
      const auto result = parser.Consume(0, std::string_view(bytes).substr(at, end - at), recorder);
      ASSERT_TRUE(result.status.ok()) << result.status;
      at += result.consumed;
      ping = ping || result.ping;
    }
    EXPECT_EQ(recorder.seen, want) << step;
    EXPECT_TRUE(ping);
  }
}

TEST(MessageParser, RefusesGarbage) {
  for (const std::string bytes :
       {"MSG a 1\r\n", "MSG a 1 x\r\n", "MSG a 1 -1\r\n", "MSG a 1 99999999999999999999\r\n",
        "MSG a 1 2\r\nabcd\r\n", "-ERR 'x'\r\n", "HMSG a 1 2 2\r\n", "hello\r\n"}) {
    Recorder recorder;
    EXPECT_FALSE(MessageParser().Consume(0, bytes, recorder).status.ok()) << bytes;
  }
}

TEST(SubjectMatches, FollowsTheTokens) {
  EXPECT_TRUE(SubjectMatches("a.*", "a.b"));
  EXPECT_TRUE(SubjectMatches("a.>", "a.b.c"));
  EXPECT_FALSE(SubjectMatches("a.*", "a.b.c"));
  EXPECT_FALSE(SubjectMatches("a.>", "a"));
  EXPECT_FALSE(SubjectMatches("a.b", "a.c"));
  EXPECT_FALSE(SubjectMatches("a.b", "a"));
}

TEST(Percentile, IsTheNearestRank) {
  EXPECT_EQ(Percentile({}, 50), 0);
  EXPECT_EQ(Percentile({3, 1, 2}, 50), 2);
  EXPECT_EQ(Percentile({4, 3, 2, 1}, 50), 2);
  EXPECT_EQ(Percentile({4, 3, 2, 1}, 99), 4);
}

}  // namespace
}  // namespace wherry::bench
