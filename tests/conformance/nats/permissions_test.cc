// Users and their permissions, byte by byte: what nats-server was seen to answer.
#include "tests/conformance/nats/permissions_cases.h"

#include <map>
#include <regex>

#include <gtest/gtest.h>

#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

constexpr std::string_view kPong = "PONG\r\n";

// A client that reads what a step answers, up to the PONG behind it or the end.
class Client {
 public:
  explicit Client(const std::string& address) : socket_(address), info_(socket_.TakeLine()) {}

  std::string Do(const std::string& send) {
    socket_.Send(send + "PING\r\n");
    // A message's body may hold the text of a PONG, but none of the cases' does.
    socket_.AwaitText(kPong);
    std::string answer = socket_.Take();
    if (answer.ends_with(kPong)) answer.resize(answer.size() - kPong.size());
    return answer;
  }
  bool closed() const { return socket_.closed(); }
  const std::string& info() const { return info_; }

 private:
  RawSocket socket_;
  std::string info_;
};

// Whether the nats-server here is of those whose answers differ where a case says `newest_only`.
bool StockIsOld() {
  static const bool old = [] {
    const auto server = NatsServer::Start(NatsServer::Kind::kStock);
    if (server == nullptr) return false;
    const std::string info = Client(AddressOfUrl(server->url())).info();
    std::smatch minor;
    return std::regex_search(info, minor, std::regex(R"("version":"2\.(\d+)\.)")) &&
           std::stoi(minor[1]) < 15;
  }();
  return old;
}

class NatsPermissionsTest : public ::testing::TestWithParam<PermissionsCase> {
 protected:
  void SetUp() override {
    if (NatsServer::Wanted() == NatsServer::Kind::kRemote)
      GTEST_SKIP() << "each case needs a server of its own";
  }

  static void Play(NatsServer::Kind kind) {
    if (kind == NatsServer::Kind::kStock && GetParam().newest_only && StockIsOld())
      GTEST_SKIP() << "this version answers otherwise";
    const auto server = NatsServer::Start(kind, GetParam().options);
    ASSERT_NE(server, nullptr);
    const std::string address = AddressOfUrl(server->url());
    std::map<int, Client> clients;
    for (const PermissionsCase::Step& step : GetParam().steps) {
      Client& client = clients.try_emplace(step.client, address).first->second;
      EXPECT_EQ(client.Do(step.send), step.answer) << "client " << step.client << ": " << step.send;
      EXPECT_EQ(client.closed(), step.closes) << "client " << step.client << ": " << step.send;
    }
  }
};

TEST_P(NatsPermissionsTest, IsWhatWeAnswer) { Play(NatsServer::Wanted()); }

TEST_P(NatsPermissionsTest, IsWhatNatsServerAnswers) {
  if (!NatsServer::HasStock()) GTEST_SKIP() << "nats-server is not installed";
  Play(NatsServer::Kind::kStock);
}

INSTANTIATE_TEST_SUITE_P(Users, NatsPermissionsTest, ::testing::ValuesIn(PermissionsCases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace wherry::conformance
