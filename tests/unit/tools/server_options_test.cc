#include "tools/server_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/ports.h"

namespace wherry::server {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

CommandLine Read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "wherry");
  return ReadCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, WithoutArgumentsKeepsDataAndListensOnTheUsualPorts) {
  const CommandLine line = Read({});
  EXPECT_EQ(line.exit_status, std::nullopt) << line.message;
  EXPECT_EQ(line.options.broker.data_dir, "./wherry-data");
  EXPECT_EQ(line.options.broker.sync, SyncMode::kCommit);
  EXPECT_THAT(
      line.options.broker.listen,
      ElementsAre("nats://localhost:4222", "kafka://localhost:9092", "http://localhost:8222"));
}

TEST(CommandLine, EphemeralTakesFreePortsAndNoFolder) {
  const Options options = Read({"--ephemeral"}).options.broker;
  EXPECT_EQ(options.data_dir, "");
  EXPECT_THAT(options.listen, ::testing::IsEmpty());
}

TEST(CommandLine, ControlIsOpenWhereNothingIsKept) {
  EXPECT_EQ(Read({}).options.broker.control, ControlAccess::kOff);
  EXPECT_EQ(Read({"--ephemeral"}).options.broker.control, ControlAccess::kLoopback);
  EXPECT_EQ(Read({"--ephemeral", "--control", "off"}).options.broker.control, ControlAccess::kOff);
  EXPECT_EQ(Read({"--control", "everywhere"}).options.broker.control, ControlAccess::kEverywhere);
  EXPECT_THAT(Read({"--control", "maybe"}).exit_status, Optional(2));
}

TEST(CommandLine, ExecTakesWhatComesBehindTheDashes) {
  const ServerOptions options = Read({"exec", "--threads", "2", "--", "ls", "--threads"}).options;
  EXPECT_THAT(options.command, ElementsAre("ls", "--threads"));
  EXPECT_EQ(options.broker.threads, 2);
  EXPECT_EQ(options.broker.data_dir, "");
  EXPECT_EQ(Read({"exec", "--data-dir", "d", "--", "ls"}).options.broker.data_dir, "d");
  EXPECT_THAT(Read({"exec", "ls"}).exit_status, Optional(2));
  EXPECT_THAT(Read({"exec", "--"}).exit_status, Optional(2));
  EXPECT_THAT(Read({"--", "ls"}).exit_status, Optional(2));
}

TEST(CommandLine, ListensWhereItIsToldAlone) {
  const Options options =
      Read({"--listen", "nats://[::1]:1,kafka://a:2", "--listen=http://b:3"}).options.broker;
  EXPECT_THAT(options.listen, ElementsAre("nats://[::1]:1", "kafka://a:2", "http://b:3"));
}

TEST(CommandLine, ReadsWhatBelongsToTheProtocols) {
  const CommandLine line =
      Read({"--memory-limit", "2g", "--sync", "os", "--nats-token", "t", "--nats-user", "u",
            "--nats-password", "p", "--kafka-default-partitions", "7", "--kafka-nodes", "3",
            "--advertise", "boat:9092", "--kafka-auto-create-topics", "off", "--kafka-strict", "on",
            "--kafka-initial-rebalance-delay-ms", "3000", "--log-level", "debug"});
  const Options& options = line.options.broker;
  EXPECT_EQ(options.memory_limit, std::uint64_t{2} << 30);
  EXPECT_EQ(options.sync, SyncMode::kOs);
  EXPECT_EQ(options.nats.token + options.nats.user + options.nats.password, "tup");
  EXPECT_EQ(options.kafka.default_partitions, 7);
  EXPECT_EQ(options.kafka.nodes, 3);
  EXPECT_FALSE(options.kafka.auto_create_topics);
  EXPECT_TRUE(options.kafka.strict);
  EXPECT_EQ(options.kafka.initial_rebalance_delay, std::chrono::seconds(3));
  EXPECT_EQ(options.advertise, "boat:9092");
  EXPECT_EQ(line.options.log_level, LogLevel::kDebug);
}

TEST(ParseBytes, TakesBinarySuffixes) {
  EXPECT_THAT(ParseBytes("1000"), Optional(1000u));
  EXPECT_THAT(ParseBytes("64k"), Optional(64u << 10));
  EXPECT_THAT(ParseBytes("512M"), Optional(512u << 20));
  EXPECT_THAT(ParseBytes("17179869183g"), Optional(std::uint64_t{17179869183} << 30));
}

TEST(ParseBytes, RefusesTheRest) {
  for (const char* text :
       {"", "k", "-1", "1x", "1kb", "1.5g", "17179869184g", "99999999999999999999"})
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
}

TEST(Nearest, IsSilentWhenNothingIsNear) {
  const std::vector<std::string> names = {"--ephemeral", "--listen", "--sync"};
  EXPECT_EQ(Nearest("--lisen", names), "--listen");
  EXPECT_EQ(Nearest("--Ephemeral", names), "--ephemeral");
  EXPECT_EQ(Nearest("--verbose", names), "");
  EXPECT_EQ(Nearest("x", names), "");
}

TEST(PortsJson, GroupsUrlsByScheme) {
  EXPECT_EQ(PortsJson({"nats://a:1", "kafka://b:2", "nats://c:3"}),
            R"({"nats":["nats://a:1","nats://c:3"],"kafka":["kafka://b:2"]})");
  EXPECT_EQ(PortsJson({}), "{}");
  EXPECT_EQ(PortsJson({R"(x://"\)"}), R"({"x":["x://\"\\"]})");
}

}  // namespace
}  // namespace wherry::server
