#include "tools/nats_server/command_line.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/nats_server/go_flags.h"
#include "wherry/broker.h"

namespace wherry::nats_server {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::StartsWith;

CommandLine Read(const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& files = {}) {
  const ConfigSources sources{[&files](const std::string& path) -> StatusOr<std::string> {
                                const auto file = files.find(path);
                                if (file != files.end()) return file->second;
                                return Status(StatusCode::kNotFound,
                                              "open " + path + ": no such file or directory");
                              },
                              [](const std::string&) { return std::nullopt; }};
  return ReadCommandLine(arguments, sources);
}

Settings SettingsOf(const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& files = {}) {
  const CommandLine read = Read(arguments, files);
  EXPECT_FALSE(read.exit_status.has_value()) << read.errors;
  return read.settings;
}

std::string DeathOf(const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& files = {}) {
  const CommandLine read = Read(arguments, files);
  EXPECT_THAT(read.exit_status, Optional(1)) << read.output;
  return read.errors;
}

constexpr FlagSpec kSpecs[] = {
    {"D", FlagKind::kBool}, {"p", FlagKind::kInteger}, {"name", FlagKind::kString}};

ParsedFlags ParseGo(const std::vector<std::string>& arguments) {
  return ParseFlags(kSpecs, arguments);
}

TEST(GoFlags, TakeOneDashOrTwo) {
  const ParsedFlags parsed = ParseGo({"-D", "--p", "5", "-p=0x10", "--name=a=b", "-name", "-D"});
  EXPECT_EQ(parsed.error, "");
  ASSERT_THAT(parsed.flags, SizeIs(5));
  EXPECT_TRUE(parsed.flags[0].truth);
  EXPECT_EQ(parsed.flags[1].number, 5);
  EXPECT_EQ(parsed.flags[2].number, 16);
  EXPECT_EQ(parsed.flags[3].text, "a=b");
  EXPECT_EQ(parsed.flags[4].text, "-D");
  EXPECT_FALSE(ParseGo({"-D=false"}).flags[0].truth);
  EXPECT_EQ(ParseGo({"-p", "-1"}).flags[0].number, -1);
  EXPECT_EQ(ParseGo({"-p", "017"}).flags[0].number, 15);
}

TEST(GoFlags, EndAtTheFirstArgumentThatIsNone) {
  EXPECT_THAT(ParseGo({"-D", "x", "-p", "y"}).arguments, ElementsAre("x", "-p", "y"));
  EXPECT_THAT(ParseGo({"-D", "--", "-p"}).arguments, ElementsAre("-p"));
  EXPECT_THAT(ParseGo({"-", "-p"}).arguments, ElementsAre("-", "-p"));
  EXPECT_THAT(ParseGo({"-D", "false"}).arguments, ElementsAre("false"));
}

TEST(GoFlags, SayWhatIsWrongInGosWords) {
  EXPECT_EQ(ParseGo({"-x=1"}).error, "flag provided but not defined: -x");
  EXPECT_EQ(ParseGo({"-p"}).error, "flag needs an argument: -p");
  EXPECT_EQ(ParseGo({"---p"}).error, "bad flag syntax: ---p");
  EXPECT_EQ(ParseGo({"-=p"}).error, "bad flag syntax: -=p");
  EXPECT_EQ(ParseGo({"-p", "abc"}).error, "invalid value \"abc\" for flag -p: parse error");
  EXPECT_EQ(ParseGo({"-p", "9223372036854775808"}).error,
            "invalid value \"9223372036854775808\" for flag -p: value out of range");
  EXPECT_EQ(ParseGo({"-D=x"}).error, "invalid boolean value \"x\" for -D: parse error");
}

TEST(NatsServerCommandLine, TellsItsVersion) {
  for (const char* word : {"-v", "--version", "version"}) {
    const CommandLine read = Read({word});
    EXPECT_THAT(read.exit_status, Optional(0));
    EXPECT_EQ(read.output, "nats-server: v" + std::string(NatsVersion()) + "\n");
  }
}

TEST(NatsServerCommandLine, HelpGoesToStandardOutput) {
  EXPECT_THAT(Read({"-h"}).output, HasSubstr("Usage: nats-server [options]"));
  EXPECT_THAT(Read({"help"}).output, HasSubstr("Usage: nats-server [options]"));
  EXPECT_THAT(Read({"--help_tls"}).output,
              AllOf(HasSubstr("TLS_AES_128_GCM_SHA256"), HasSubstr("CurveP256")));
  // nats-server, too, shows its usage and exits with 0 after a flag that it does not know.
  const CommandLine unknown = Read({"-nosuch"});
  EXPECT_THAT(unknown.exit_status, Optional(0));
  EXPECT_EQ(unknown.errors, "flag provided but not defined: -nosuch\n");
  EXPECT_THAT(unknown.output, HasSubstr("Usage:"));
  EXPECT_EQ(DeathOf({"foo"}), "nats-server: unrecognized command: \"foo\"\n");
}

TEST(NatsServerCommandLine, FlagsAreStrongerThanTheFile) {
  const std::map<std::string, std::string> files = {
      {"n.conf",
       "port: 5\nhost: \"1.1.1.1\"\nlogtime: false\ndebug: true\nserver_name: f\n"
       "authorization { user: u, password: p }"}};
  const Settings settings =
      SettingsOf({"-c", "n.conf", "-p", "7", "-D=false", "-n", "g", "--pass", "q"}, files);
  EXPECT_EQ(settings.port, 7);
  EXPECT_EQ(settings.host, "1.1.1.1");
  EXPECT_FALSE(settings.log.times);
  EXPECT_FALSE(settings.log.debug);
  EXPECT_EQ(settings.nats.server_name, "g");
  EXPECT_EQ(settings.nats.user, "u");
  EXPECT_EQ(settings.nats.password, "q");
  EXPECT_EQ(settings.config_file, "n.conf");
  EXPECT_THAT(settings.config_digest, StartsWith("sha256:"));
}

TEST(NatsServerCommandLine, ClientsTestSuitesFlags) {
  const Settings settings =
      SettingsOf({"-user", "ivan", "-pass", "secret", "-DV", "-a", "127.0.0.1", "-l", "server.log",
                  "-P", "x.pid", "--ports_file_dir", "d", "-m", "8222", "--logtime_utc"});
  EXPECT_EQ(settings.nats.user, "ivan");
  EXPECT_EQ(settings.nats.password, "secret");
  EXPECT_TRUE(settings.log.debug);
  EXPECT_TRUE(settings.log.trace);
  EXPECT_TRUE(settings.log.times);
  EXPECT_TRUE(settings.log.utc);
  EXPECT_EQ(settings.log.file, "server.log");
  EXPECT_EQ(settings.pid_file, "x.pid");
  EXPECT_EQ(settings.ports_file_dir, "d");
  EXPECT_EQ(settings.http_port, 8222);
  EXPECT_FALSE(SettingsOf({"-D", "-DV=false"}).log.debug);
  EXPECT_EQ(SettingsOf({"--auth", "tok"}).nats.token, "tok");
}

TEST(NatsServerCommandLine, TestsAFile) {
  const std::map<std::string, std::string> files = {{"good.conf", "port: 4222\n"},
                                                    {"bad.conf", "\n  foo: 1\n"},
                                                    {"empty.conf", ""},
                                                    {"old.conf", "ping_interval: 5"}};
  const CommandLine good = Read({"-t", "-c", "good.conf"}, files);
  EXPECT_THAT(good.exit_status, Optional(0));
  EXPECT_EQ(good.errors,
            "nats-server: configuration file good.conf is valid "
            "(sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e)\n");
  EXPECT_EQ(DeathOf({"-c", "bad.conf"}, files),
            "nats-server: bad.conf:2:3: unknown field \"foo\"\n\n");
  EXPECT_EQ(DeathOf({"-c", "none.conf"}),
            "nats-server: open none.conf: no such file or directory\n");
  EXPECT_THAT(DeathOf({"-t"}), HasSubstr("must specify [-c, --config] option"));
  // Warnings are errors to -t alone.
  EXPECT_THAT(DeathOf({"-t", "-c", "empty.conf"}, files), HasSubstr("config has no values"));
  EXPECT_THAT(DeathOf({"-t", "-c", "old.conf"}, files), HasSubstr("should be converted"));
  EXPECT_EQ(Read({"-c", "old.conf"}, files).exit_status, std::nullopt);
  EXPECT_THAT(Read({"-c", "old.conf"}, files).errors, HasSubstr("should be converted"));
}

TEST(NatsServerCommandLine, WhatWherryHasNotIsRefusedByName) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"-js"},
                                                    {"--jetstream"},
                                                    {"-sd", "x"},
                                                    {"--store_dir", "x"},
                                                    {"-s"},
                                                    {"--syslog"},
                                                    {"-r", "x"},
                                                    {"--profile", "1"},
                                                    {"--routes", "x"},
                                                    {"--cluster", "nats://a:1"},
                                                    {"--cluster_name", "x"},
                                                    {"--cluster_listen", "x"},
                                                    {"--cluster_advertise", "x"},
                                                    {"--no_advertise"},
                                                    {"--connect_retries", "1"},
                                                    {"--max_traced_msg_len", "5"}}) {
    const std::string name = arguments[0].substr(arguments[0].rfind('-') + 1);
    EXPECT_THAT(DeathOf(arguments),
                AllOf(StartsWith("nats-server: -" + name + ": Wherry does not have "),
                      ::testing::EndsWith("\n")))
        << name;
  }
  SettingsOf({"-js=false", "--cluster", "", "--profile", "0", "-s", "--syslog=false"});
}

TEST(NatsServerCommandLine, TlsFlagsNeedFiles) {
  EXPECT_EQ(DeathOf({"--tls"}), "nats-server: TLS Server certificate must be present and valid\n");
  EXPECT_EQ(DeathOf({"--tlscert", "a"}),
            "nats-server: TLS Server private key must be present and valid\n");
  EXPECT_THAT(DeathOf({"--tls", "--tlscert", "a", "--tlskey", "b"}),
              HasSubstr("open a: no such file or directory"));
  EXPECT_FALSE(SettingsOf({"-tls=false", "--tlscert", "a"}).nats.tls.has_value());
}

TEST(NatsServerCommandLine, SignalsAreForOthers) {
  EXPECT_EQ(Read({"--signal", "quit=12"}).signal, "quit=12");
  EXPECT_EQ(Read({"-sl=ldm"}).signal, "ldm");
  EXPECT_THAT(Read({}).signal, IsEmpty());
}

}  // namespace
}  // namespace wherry::nats_server
