// The server's command line, as a process: what it says, where, and with which exit status.
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tools/server_process.h"

namespace wherry::server {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::StartsWith;

// Matches standard error of a server that did not start: one line, from "wherry: " to its end.
auto IsOneLine() {
  return AllOf(
      StartsWith("wherry: "),
      ::testing::ResultOf(
          [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }, 1),
      ::testing::EndsWith("\n"));
}

void ExpectRefusal(ServerProcess& server, const std::string& reason) {
  EXPECT_THAT(server.AwaitExit(), Optional(2));
  EXPECT_THAT(server.Errors(), AllOf(IsOneLine(), HasSubstr(reason)));
  EXPECT_EQ(server.Output(), "");
}

// A listening socket on a free port of 127.0.0.1.
class TakenPort {
 public:
  TakenPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    number_ = ntohs(address.sin_port);
  }
  ~TakenPort() { close(socket_); }
  std::string number() const { return std::to_string(number_); }

 private:
  int socket_;
  int number_ = 0;
};

// The first bytes that whoever listens at 127.0.0.1:`port` sends.
std::string FirstBytes(int port) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string text(5, '\0');
  ssize_t size = -1;
  if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0)
    size = recv(client, text.data(), text.size(), MSG_WAITALL);
  close(client);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

TEST(WherryServer, TellsItsVersion) {
  ServerProcess server({"--version"});
  EXPECT_THAT(server.AwaitExit(), Optional(0));
  EXPECT_EQ(server.Output(), "wherry 0.1.0\n");
}

TEST(WherryServer, HelpNamesDefaultsVariablesAndExamples) {
  ServerProcess server({"--help"});
  EXPECT_THAT(server.AwaitExit(), Optional(0));
  EXPECT_THAT(server.Output(),
              AllOf(HasSubstr("--data-dir DIR [./wherry-data] ($WHERRY_DATA_DIR)"),
                    HasSubstr("Examples:"), HasSubstr("--sync commit|interval|os [commit]")));
  EXPECT_EQ(server.Errors(), "");
}

TEST(WherryServer, RefusesAnUnknownFlagAndNamesTheNearest) {
  ServerProcess server({"--ephmeral"});
  ExpectRefusal(server, "did you mean --ephemeral?");
}

TEST(WherryServer, RefusesAValueThatCannotWork) {
  ServerProcess bytes({"--ephemeral", "--memory-limit", "many"});
  ExpectRefusal(bytes, "many");
  ServerProcess sync({"--ephemeral", "--sync", "never"});
  ExpectRefusal(sync, "--sync");
  ServerProcess both({"--ephemeral", "--data-dir", "here"});
  ExpectRefusal(both, "--ephemeral");
  ServerProcess scheme({"--ephemeral", "--listen", "gopher://127.0.0.1:70"});
  ExpectRefusal(scheme, "gopher");
  ServerProcess descriptor({"--ephemeral", "--ready-fd", "77"});
  ExpectRefusal(descriptor, "77");
}

TEST(WherryServer, AnnouncesWhereItListensAndStopsCleanly) {
  ServerProcess server({"--ephemeral", "--ready-fd", "3", "--ports-file", "ports", "--listen",
                        "nats://127.0.0.1:0", "--listen", "http://127.0.0.1:0"});
  const std::string ready = server.AwaitReady();
  std::smatch ports;
  static const std::regex kReady(
      R"re(\{"nats":\["nats://127.0.0.1:(\d+)"\],"http":\["http://127.0.0.1:(\d+)"\]\}\n)re");
  ASSERT_TRUE(std::regex_match(ready, ports, kReady)) << ready << server.Errors();
  const std::string nats = ports[1], http = ports[2];
  std::ifstream in(server.folder() + "/ports");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), ready);
  EXPECT_EQ(server.Output(), "nats://127.0.0.1:" + nats + "\nhttp://127.0.0.1:" + http + "\n");
  EXPECT_EQ(FirstBytes(std::stoi(nats)), "INFO ");

  const auto start = std::chrono::steady_clock::now();
  server.Signal(SIGTERM);
  EXPECT_THAT(server.AwaitExit(), Optional(0)) << server.Errors();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_FALSE(fs::exists(server.folder() + "/ports"));
}

TEST(WherryServer, KeepsItsDataWhereItIsToldAndStopsAtCtrlC) {
  ServerProcess server({"--data-dir", "data", "--ready-fd", "3", "--listen", "nats://localhost:0"});
  ASSERT_THAT(server.AwaitReady(), StartsWith("{\"nats\":[")) << server.Errors();
  EXPECT_TRUE(fs::is_directory(server.folder() + "/data"));
  server.Signal(SIGINT);
  EXPECT_THAT(server.AwaitExit(), Optional(0)) << server.Errors();
}

TEST(WherryServer, LeavesNothingBehindWhenEphemeral) {
  ServerProcess server({"--ephemeral", "--ready-fd", "3"});
  ASSERT_NE(server.AwaitReady(), "") << server.Errors();
  server.Signal(SIGTERM);
  EXPECT_THAT(server.AwaitExit(), Optional(0));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(server.folder()))
    names.push_back(entry.path().filename());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("output", "errors"));
}

TEST(WherryServer, RefusesAPortInUse) {
  const TakenPort taken;
  ServerProcess server({"--ephemeral", "--ports-file", "ports", "--listen", "http://127.0.0.1:0",
                        "--listen", "nats://127.0.0.1:" + taken.number()});
  ExpectRefusal(server, taken.number());
  EXPECT_FALSE(fs::exists(server.folder() + "/ports"));
}

TEST(WherryServer, RefusesADataDirectoryThatAnotherProcessHolds) {
  ServerProcess first({"--data-dir", "data", "--ready-fd", "3", "--listen", "nats://127.0.0.1:0"});
  ASSERT_NE(first.AwaitReady(), "") << first.Errors();
  const std::string data = first.folder() + "/data";
  ServerProcess second({"--data-dir", data, "--listen", "nats://127.0.0.1:0"});
  ExpectRefusal(second, data);
}

TEST(WherryServer, RefusesADataDirectoryThatCannotBe) {
  ServerProcess server({"--data-dir", "/dev/null/data", "--listen", "nats://127.0.0.1:0"});
  ExpectRefusal(server, "/dev/null/data");
}

TEST(WherryServer, RefusesAPortsFileThatCannotBeWritten) {
  ServerProcess server({"--ephemeral", "--ports-file", "missing/ports"});
  ExpectRefusal(server, "missing/ports");
}

}  // namespace
}  // namespace wherry::server
