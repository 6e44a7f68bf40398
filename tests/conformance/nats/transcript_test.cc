// The wire, byte by byte: what nats-server was seen to answer, from Wherry and from the real one.
#include "tests/conformance/nats/transcript.h"

#include <gtest/gtest.h>

#include "tests/conformance/nats/nats_server.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

// One server for all transcripts: each opens its own connection and leaves no subscription behind.
class NatsTranscriptTest : public ::testing::TestWithParam<Transcript> {
 protected:
  void SetUp() override {
    if (NatsServer::Wanted() == NatsServer::Kind::kRemote) {
      GTEST_SKIP() << "transcripts need a server of their own, with a small max_payload";
    }
  }
  static std::unique_ptr<NatsServer> StartServer(NatsServer::Kind kind) {
    return NatsServer::Start(kind, {.max_payload = kTranscriptMaxPayload});
  }
  static bool AppliesTo(const NatsServer& server) {
    return GetParam().AppliesTo(MinorVersion(AddressOfUrl(server.url())));
  }
  static Outcome Expected() { return {GetParam().output, GetParam().closes}; }
};

TEST_P(NatsTranscriptTest, IsWhatWeAnswer) {
  const auto server = StartServer(NatsServer::Wanted());
  ASSERT_NE(server, nullptr);
  if (!AppliesTo(*server)) GTEST_SKIP() << "another version of nats-server does so";
  EXPECT_EQ(Play(GetParam(), AddressOfUrl(server->url())), Expected());
}

TEST_P(NatsTranscriptTest, IsWhatWeAnswerToAByteAtATime) {
  if (NatsServer::Wanted() == NatsServer::Kind::kStock &&
      GetParam().output.find("Invalid Publish Subject") != std::string::npos) {
    GTEST_SKIP() << "nats-server repeats the complaint for every read that a payload takes";
  }
  const auto server = StartServer(NatsServer::Wanted());
  ASSERT_NE(server, nullptr);
  if (!AppliesTo(*server)) GTEST_SKIP() << "another version of nats-server does so";
  EXPECT_EQ(Play(GetParam(), AddressOfUrl(server->url()), Pace::kByteByByte), Expected());
}

INSTANTIATE_TEST_SUITE_P(Core, NatsTranscriptTest, ::testing::ValuesIn(Transcripts()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace wherry::conformance
