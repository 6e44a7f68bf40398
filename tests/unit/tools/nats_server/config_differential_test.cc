// The same configuration files to Wherry and to the real nats-server: the same verdict, and the
// first error at the same place. WHERRY_TEST_NATS_SERVER names another one than that in PATH.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>

#include <gtest/gtest.h>

#include "tests/unit/tools/nats_server/config_cases.h"
#include "tests/unit/tools/server_process.h"

namespace wherry::nats_server {
namespace {

using server::ServerProcess;

std::string RealServer() {
  const char* wanted = std::getenv("WHERRY_TEST_NATS_SERVER");
  if (wanted != nullptr && *wanted != '\0') return wanted;
  const char* path = std::getenv("PATH");
  std::string folders = path == nullptr ? "" : path;
  while (!folders.empty()) {
    const std::string program = folders.substr(0, folders.find(':')) + "/nats-server";
    if (access(program.c_str(), X_OK) == 0) return program;
    folders.erase(0,
                  folders.find(':') == std::string::npos ? folders.size() : folders.find(':') + 1);
  }
  return "";
}

void Write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

// What a server says of a file: its exit status, and where its first error is, as "3:5" or, where
// the grammar is broken, "line 3".
struct Verdict {
  std::optional<int> status;
  std::string place;
  std::string digest;  // of a good file, if the server tells it
  std::string text;
};

Verdict Judge(const std::string& program, const std::string& file) {
  ServerProcess server(program, {"-t", "-c", file});
  Verdict verdict;
  verdict.status = server.AwaitExit();
  verdict.text = server.Errors();
  std::smatch found;
  static const std::regex kPlace(R"(\.conf:(\d+:\d+)|on (line \d+))");
  static const std::regex kDigest(R"(sha256:[0-9a-f]+)");
  if (std::regex_search(verdict.text, found, kPlace))
    verdict.place = found[1].str() + found[2].str();
  if (std::regex_search(verdict.text, found, kDigest)) verdict.digest = found[0];
  return verdict;
}

class ConfigDifferentialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    real_ = RealServer();
    if (real_.empty()) GTEST_SKIP() << "nats-server is not installed";
    setenv("PORTVAR", "4333", 1);
    setenv("HOSTVAR", "myhost", 1);
    setenv("BADV", "[", 1);
    setenv("CYCA", "$CYCB", 1);
    setenv("CYCB", "$CYCA", 1);
    Write(folder_ + "/inc.conf", "port: 77\ndebug: true\n");
    Write(folder_ + "/incbad.conf", "port: [\n");
    Write(folder_ + "/incacc.conf", "A { users: [{user: a}] }\n");
    Write(folder_ + "/badpos.conf", "\n  host: 5\n");
  }
  ~ConfigDifferentialTest() override { std::filesystem::remove_all(folder_); }

  void ExpectSameVerdict(const std::string& text) {
    const std::string file = folder_ + "/case.conf";
    Write(file, text);
    const Verdict ours = Judge(WHERRY_NATS_SERVER, file);
    const Verdict real = Judge(real_, file);
    EXPECT_EQ(ours.status, real.status)
        << text << "\nours: " << ours.text << "\nreal: " << real.text;
    EXPECT_EQ(ours.place, real.place) << text << "\nours: " << ours.text << "\nreal: " << real.text;
    if (!real.digest.empty() && !ours.digest.empty()) {
      EXPECT_EQ(ours.digest, real.digest) << text;
    }
  }

  std::string real_;
  const std::string folder_ = server::MakeFolder();
};

TEST_F(ConfigDifferentialTest, GoodAndBadFiles) {
  for (const std::string& text : kConfigCases) ExpectSameVerdict(text);
}

TEST_F(ConfigDifferentialTest, FilesThatOlderServersTakeDifferently) {
  ServerProcess version(real_, {"-v"});
  ASSERT_EQ(version.AwaitExit(), 0);
  std::smatch number;
  const std::string text = version.Output();
  ASSERT_TRUE(std::regex_search(text, number, std::regex(R"(v2\.(\d+)\.)"))) << text;
  if (std::stoi(number[1]) < 15) GTEST_SKIP() << text << " is older than 2.15";
  for (const std::string& newer : kNewerConfigCases) ExpectSameVerdict(newer);
}

}  // namespace
}  // namespace wherry::nats_server
