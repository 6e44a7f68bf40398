// The server under nats-server's name, as those meet it who start it: files, log, signals, status.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tools/server_process.h"
#include "wherry/broker.h"

namespace wherry::nats_server {
namespace {

namespace fs = std::filesystem;
using server::ServerProcess;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr const char* kReady = "Server is ready";

ServerProcess Start(std::vector<std::string> arguments) {
  return ServerProcess(WHERRY_NATS_SERVER, std::move(arguments));
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string PortIn(const std::string& log) {
  std::smatch port;
  const bool found = std::regex_search(
      log, port, std::regex(R"(Listening for client connections on \S+:(\d+)\n)"));
  return found ? port[1].str() : "";
}

TEST(NatsServerProcess, SaysWhereItListensAndEndsWithZero) {
  for (const int signal : {SIGINT, SIGTERM}) {
    ServerProcess server = Start({"-a", "127.0.0.1", "-p", "-1", "-m", "-1"});
    ASSERT_TRUE(server.AwaitErrors(kReady)) << server.Errors();
    const std::string log = server.Errors();
    const std::regex line(
        R"(^\[)" + std::to_string(server.pid()) +
        R"(\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[INF\] Starting nats-server)");
    EXPECT_TRUE(std::regex_search(log, line)) << log;
    EXPECT_THAT(log, HasSubstr("Version:  " + std::string(NatsVersion())));
    EXPECT_THAT(log, ContainsRegex("Starting http monitor on 127.0.0.1:[0-9]+"));
    EXPECT_NE(PortIn(log), "") << log;
    server.Signal(signal);
    EXPECT_THAT(server.AwaitExit(), Optional(0));
    EXPECT_THAT(server.Errors(), AllOf(HasSubstr("Trapped \""), HasSubstr("Initiating Shutdown..."),
                                       HasSubstr("Server Exiting..")));
    EXPECT_EQ(server.Output(), "");
  }
}

TEST(NatsServerProcess, ReadsItsFileAgainAtHangup) {
  const std::string file = server::MakeFolder() + "/server.conf";
  const auto write = [&file](const std::string& text) { std::ofstream(file) << text; };
  write("listen: 127.0.0.1:-1\nmax_payload: 1000\n");
  ServerProcess server = Start({"-c", file});
  ASSERT_TRUE(server.AwaitErrors(kReady)) << server.Errors();
  write("listen: 127.0.0.1:-1\nmax_payload: 2000\n");
  server.Signal(SIGHUP);
  EXPECT_TRUE(server.AwaitErrors("Reloaded server configuration (sha256:")) << server.Errors();
  write("listen: 127.0.0.1:-1\nmax_paylod: 2000\n");
  server.Signal(SIGHUP);
  EXPECT_TRUE(server.AwaitErrors("Failed to reload server configuration: ")) << server.Errors();
  EXPECT_THAT(server.Errors(), HasSubstr(file + ":2:1: unknown field \"max_paylod\""));
  write("listen: 127.0.0.1:4999\n");
  server.Signal(SIGHUP);
  EXPECT_TRUE(server.AwaitErrors("config reload not supported for Host, Port")) << server.Errors();
  server.Signal(SIGINT);
  EXPECT_THAT(server.AwaitExit(), Optional(0));
}

TEST(NatsServerProcess, WritesItsPidItsPortsAndItsLog) {
  const std::string folder = server::MakeFolder();
  ServerProcess server = Start({"-a", "127.0.0.1", "-p", "-1", "--pid", folder + "/pid", "-l",
                                folder + "/log", "--ports_file_dir", folder, "-m", "-1"});
  const std::string ports = folder + "/nats-server_" + std::to_string(server.pid()) + ".ports";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!fs::exists(ports) && std::chrono::steady_clock::now() < end) sched_yield();
  EXPECT_TRUE(std::regex_match(ReadAll(ports),
                               std::regex(R"(\{"nats":\["nats://127\.0\.0\.1:\d+"\],)"
                                          R"("monitoring":\["http://127\.0\.0\.1:\d+"\]\}\n)")))
      << ReadAll(ports);
  EXPECT_EQ(ReadAll(folder + "/pid"), std::to_string(server.pid()));
  EXPECT_THAT(ReadAll(folder + "/log"), HasSubstr(kReady));

  // --signal reopen, by the pid file: the log goes on in a new file.
  fs::rename(folder + "/log", folder + "/log.old");
  ServerProcess reopen = Start({"--signal", "reopen=" + folder + "/pid"});
  EXPECT_THAT(reopen.AwaitExit(), Optional(0));
  while (ReadAll(folder + "/log").find("File log re-opened") == std::string::npos &&
         std::chrono::steady_clock::now() < end)
    sched_yield();
  EXPECT_THAT(ReadAll(folder + "/log"), HasSubstr("File log re-opened"));

  ServerProcess quit = Start({"--signal", "quit=" + std::to_string(server.pid())});
  EXPECT_THAT(quit.AwaitExit(), Optional(0));
  EXPECT_THAT(server.AwaitExit(), Optional(0));
  EXPECT_FALSE(fs::exists(ports));
  EXPECT_EQ(server.Errors(), "");
  fs::remove_all(folder);
}

TEST(NatsServerProcess, ListensOnBothFamiliesAtTheWildcards) {
  for (const std::vector<std::string>& where :
       {std::vector<std::string>{"-a", "0.0.0.0"}, std::vector<std::string>{"-a", "::"}}) {
    ServerProcess server = Start({where[0], where[1], "-p", "-1"});
    ASSERT_TRUE(server.AwaitErrors(kReady)) << server.Errors();
    const std::string port = PortIn(server.Errors());
    // Whoever else wants the port finds it taken, in either family.
    ServerProcess second = Start({"-a", "127.0.0.1", "-p", port});
    EXPECT_THAT(second.AwaitExit(), Optional(1));
    EXPECT_THAT(second.Errors(),
                HasSubstr("[FTL] Error listening on port: 127.0.0.1:" + port +
                          ", \"listen tcp 127.0.0.1:" + port + ": bind: address already in use\""));
  }
}

TEST(NatsServerProcess, RunsAFile) {
  const std::string folder = server::MakeFolder();
  std::ofstream(folder + "/n.conf") << "listen: 127.0.0.1:-1\nmax_payload: 2kb\n";
  ServerProcess server = Start({"-c", folder + "/n.conf", "-T=false"});
  ASSERT_TRUE(server.AwaitErrors(kReady)) << server.Errors();
  EXPECT_THAT(server.Errors(),
              HasSubstr("[INF] Using configuration file: " + folder + "/n.conf (sha256:"));
  server.Signal(SIGUSR1);
  EXPECT_TRUE(server.AwaitErrors("File log re-open ignored, not a file logger"));
  server.Signal(SIGTERM);
  EXPECT_THAT(server.AwaitExit(), Optional(0));
  fs::remove_all(folder);
}

TEST(NatsServerProcess, ALameDuckWithoutClientsEnds) {
  ServerProcess server = Start({"-a", "127.0.0.1", "-p", "-1"});
  ASSERT_TRUE(server.AwaitErrors(kReady)) << server.Errors();
  server.Signal(SIGUSR2);
  EXPECT_THAT(server.AwaitExit(), Optional(0));
  EXPECT_THAT(server.Errors(), AllOf(HasSubstr("Entering lame duck mode, stop accepting"),
                                     HasSubstr("Server Exiting..")));
}

TEST(NatsServerProcess, BadFilesAndRefusalsExitWithOne) {
  const std::string folder = server::MakeFolder();
  const std::string file = folder + "/n.conf";
  std::ofstream(file) << "port: 4222\n\njetstream: enabled\n";
  ServerProcess server = Start({"-c", file});
  EXPECT_THAT(server.AwaitExit(), Optional(1));
  EXPECT_THAT(server.Errors(), HasSubstr("nats-server: " + file +
                                         ":3:1: \"jetstream\": Wherry does not have JetStream"));
  ServerProcess flag = Start({"-js"});
  EXPECT_THAT(flag.AwaitExit(), Optional(1));
  EXPECT_THAT(flag.Errors(), HasSubstr("nats-server: -js: Wherry does not have JetStream"));
  ServerProcess signal = Start({"--signal", "foo=1"});
  EXPECT_THAT(signal.AwaitExit(), Optional(1));
  EXPECT_EQ(signal.Errors(), "nats-server: unknown signal \"foo\"\n");
  ServerProcess pid_file = Start({"-a", "127.0.0.1", "-p", "-1", "-P", folder + "/none/x"});
  EXPECT_THAT(pid_file.AwaitExit(), Optional(1));
  EXPECT_THAT(pid_file.Errors(), HasSubstr("[FTL] Could not write pidfile: open "));
  fs::remove_all(folder);
}

TEST(NatsServerProcess, TheOtherNameKeepsItsCommandLine) {
  ServerProcess server({"--version"});
  EXPECT_THAT(server.AwaitExit(), Optional(0));
  EXPECT_THAT(server.Output(), HasSubstr("wherry "));
  ServerProcess version = Start({"-v"});
  EXPECT_THAT(version.AwaitExit(), Optional(0));
  EXPECT_EQ(version.Output(), "nats-server: v" + std::string(NatsVersion()) + "\n");
}

}  // namespace
}  // namespace wherry::nats_server
