// What a Kafka listener that asks who its clients are answers, byte by byte.
#include <array>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_security.h"
#include "tests/conformance/kafka/kafka_wire.h"

namespace wherry::conformance {
namespace {

using std::chrono::seconds;
using std::string_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int16_t kMetadata = 3;
constexpr std::int16_t kSaslHandshake = 17;
constexpr std::int16_t kApiVersions = 18;
constexpr std::int16_t kSaslAuthenticate = 36;
constexpr std::int16_t kUnsupportedMechanism = 33;
constexpr std::int16_t kIllegalState = 34;
constexpr std::int16_t kAuthenticationFailed = 58;
constexpr std::int16_t kRebootstrapRequired = 129;
constexpr int kCorrelationId = 7;

const std::string kGood = "\0ann\0s3cret"s;
const std::string kBad = "\0ann\0wrong"s;

class KafkaSaslWireTest : public ::testing::Test {
 protected:
  void Start(const KafkaSecurityOptions& given = {}) {
    KafkaSecurityOptions security = given;
    security.users = {{"ann", "s3cret", ""}, {"bob", "s3cret", ""}};
    Options options;
    options.clock = ClockMode::kVirtual;
    broker_ = StartSecured(security, {"kafka+sasl_plaintext", "kafka"}, options);
    ASSERT_TRUE(broker_.has_value());
    socket_.emplace(broker_->Address("kafka+sasl_plaintext"));
  }

  void Send(std::int16_t api_key, std::int16_t version, const std::string& body) {
    socket_->Send(KafkaRequest(api_key, version, kCorrelationId, body));
  }
  // What follows the correlation id.
  std::string Answer() {
    std::string response = ReadResponse(*socket_);
    KafkaReader reader(response);
    EXPECT_EQ(reader.Int32(), kCorrelationId);
    return std::string(reader.rest());
  }

  struct Handshake {
    std::int16_t error = -1;
    std::vector<std::string> mechanisms;
  };
  Handshake Shake(const std::string& mechanism, std::int16_t version = 1) {
    Send(kSaslHandshake, version, KafkaBytes().String(mechanism).bytes());
    const std::string answer = Answer();
    KafkaReader reader(answer);
    Handshake handshake{.error = reader.Int16()};
    for (std::int32_t count = reader.Int32(); count > 0; --count) {
      handshake.mechanisms.emplace_back(reader.String());
    }
    return handshake;
  }

  struct Authenticated {
    std::int16_t error = -1;
    std::string message;
    std::string token;
    std::int64_t lifetime_ms = -1;
  };
  Authenticated Authenticate(const std::string& token) {
    Send(kSaslAuthenticate, 1,
         KafkaBytes().Int32(static_cast<std::int32_t>(token.size())).Raw(token).bytes());
    const std::string answer = Answer();
    KafkaReader reader(answer);
    Authenticated result{.error = reader.Int16()};
    const std::int16_t size = reader.Int16();
    if (size > 0) result.message = reader.Raw(static_cast<std::size_t>(size));
    result.token = reader.Raw(static_cast<std::size_t>(reader.Int32()));
    result.lifetime_ms = reader.Int64();
    EXPECT_TRUE(reader.ok());
    return result;
  }
  bool Serves() {
    Send(kMetadata, 1, KafkaBytes().Int32(0).bytes());
    return !ReadResponse(*socket_).empty();
  }

  std::optional<Broker> broker_;
  std::optional<RawSocket> socket_;
};

TEST_F(KafkaSaslWireTest, PlainInThreeSteps) {
  Start();
  Send(kApiVersions, 0, "");
  EXPECT_EQ(KafkaReader(Answer()).Int16(), 0);
  const Handshake handshake = Shake("PLAIN");
  EXPECT_EQ(handshake.error, 0);
  EXPECT_THAT(handshake.mechanisms, ElementsAre("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"));
  const Authenticated done = Authenticate(kGood);
  EXPECT_EQ(done.error, 0);
  EXPECT_EQ(done.token, "");
  EXPECT_EQ(done.lifetime_ms, 0);
  EXPECT_TRUE(Serves());
}

TEST_F(KafkaSaslWireTest, OfWhoHasNotSaidWhoTheyAreTheNodeIsCheckedAndNotTheCluster) {
  Start();
  // In version 5 the client says whom it means; that of ann's namespace has an id of its own.
  const auto meaning = [](std::int32_t node) {
    return KafkaBytes().Raw("\0\x05test\x02" "1\x08" "another"s).Int32(node).Raw("\0"s).bytes();
  };
  Send(kApiVersions, 5, meaning(1));
  EXPECT_EQ(KafkaReader(Answer()).Int16(), 0);
  Send(kApiVersions, 5, meaning(2));
  EXPECT_EQ(KafkaReader(Answer()).Int16(), kRebootstrapRequired);
}

TEST_F(KafkaSaslWireTest, AMechanismThatIsNotOfferedIsToldWhichAre) {
  Start();
  const Handshake handshake = Shake("GSSAPI");
  EXPECT_EQ(handshake.error, kUnsupportedMechanism);
  EXPECT_EQ(handshake.mechanisms.size(), 3u);
  EXPECT_TRUE(socket_->AwaitClosed());
}

TEST_F(KafkaSaslWireTest, AFailureIsToldAWhileLaterAndThenTheConnectionCloses) {
  Start();
  Shake("PLAIN");
  Send(kSaslAuthenticate, 0,
       KafkaBytes().Int32(static_cast<std::int32_t>(kBad.size())).Raw(kBad).bytes());
  const auto sent = std::chrono::steady_clock::now();
  EXPECT_TRUE(socket_->AwaitClosed());
  EXPECT_GE(std::chrono::steady_clock::now() - sent, std::chrono::milliseconds(90));
  const std::string answer = Answer();
  KafkaReader reader(answer);
  EXPECT_EQ(reader.Int16(), kAuthenticationFailed);
  EXPECT_EQ(reader.String(), "Authentication failed: Invalid username or password");
}

TEST_F(KafkaSaslWireTest, NothingElseIsHandledBefore) {
  Start();
  Send(kMetadata, 1, KafkaBytes().Int32(0).bytes());
  EXPECT_TRUE(socket_->AwaitClosed());
  EXPECT_EQ(socket_->received(), "");
  socket_.emplace(broker_->Address("kafka+sasl_plaintext"));
  Send(kSaslAuthenticate, 0, KafkaBytes().Int32(0).bytes());
  EXPECT_TRUE(socket_->AwaitClosed());
  EXPECT_EQ(socket_->received(), "");
}

TEST_F(KafkaSaslWireTest, ARequestAmidTheTokensIsRefusedAndTheConnectionCloses) {
  Start();
  Shake("PLAIN");
  Send(kSaslHandshake, 1, KafkaBytes().String("PLAIN").bytes());
  EXPECT_EQ(KafkaReader(Answer()).Int16(), kIllegalState);
  EXPECT_TRUE(socket_->AwaitClosed());
}

TEST_F(KafkaSaslWireTest, BareTokensFollowAHandshakeOfVersionZero) {
  Start();
  EXPECT_EQ(Shake("PLAIN", 0).error, 0);
  socket_->Send(KafkaBytes().Int32(static_cast<std::int32_t>(kGood.size())).Raw(kGood).bytes());
  ASSERT_TRUE(socket_->AwaitBytes(4));
  EXPECT_EQ(KafkaReader(socket_->Take(4)).Int32(), 0);
  EXPECT_TRUE(Serves());
}

TEST_F(KafkaSaslWireTest, ABareTokenThatFailsClosesTheConnection) {
  Start();
  Shake("PLAIN", 0);
  socket_->Send(KafkaBytes().Int32(static_cast<std::int32_t>(kBad.size())).Raw(kBad).bytes());
  EXPECT_TRUE(socket_->AwaitClosed());
  EXPECT_EQ(socket_->received(), "");
}

TEST_F(KafkaSaslWireTest, AHandshakeWhereThereIsNothingToSayIsIllegal) {
  Start();
  Shake("PLAIN");
  Authenticate(kGood);
  EXPECT_EQ(Shake("PLAIN").error, kIllegalState);
  EXPECT_EQ(Authenticate(kGood).error, kIllegalState);
  EXPECT_TRUE(Serves());
  // Nor at a listener that does not ask.
  socket_.emplace(broker_->Address("kafka"));
  EXPECT_EQ(Shake("PLAIN").error, kIllegalState);
  EXPECT_EQ(Authenticate(kGood).error, kIllegalState);
  EXPECT_TRUE(Serves());
}

TEST_F(KafkaSaslWireTest, ASessionThatEndsMustBeProlongedInTime) {
  KafkaSecurityOptions security;
  security.max_reauth = seconds(10);
  Start(security);
  Shake("PLAIN");
  EXPECT_EQ(Authenticate(kGood).lifetime_ms, 10'000);
  ASSERT_TRUE(broker_->clock().Advance(seconds(9)).ok());
  EXPECT_TRUE(Serves());
  // On the same connection, with other requests behind it.
  EXPECT_EQ(Shake("PLAIN").error, 0);
  EXPECT_EQ(Authenticate(kGood).lifetime_ms, 10'000);
  ASSERT_TRUE(broker_->clock().Advance(seconds(9)).ok());
  EXPECT_TRUE(Serves());
  // Once a second at most.
  EXPECT_EQ(Shake("PLAIN").error, 0);
  EXPECT_EQ(Authenticate(kGood).error, 0);
  EXPECT_EQ(Shake("PLAIN").error, kIllegalState);
  ASSERT_TRUE(broker_->clock().Advance(seconds(10)).ok());
  EXPECT_FALSE(Serves());
  EXPECT_TRUE(socket_->AwaitClosed());
}

TEST_F(KafkaSaslWireTest, WhoeverAuthenticatesAgainMustBeTheSame) {
  KafkaSecurityOptions security;
  security.max_reauth = seconds(10);
  Start(security);
  const auto again = [&](const std::string& mechanism, const std::string& token) {
    socket_.emplace(broker_->Address("kafka+sasl_plaintext"));
    Shake("PLAIN");
    Authenticate(kGood);
    EXPECT_TRUE(broker_->clock().Advance(seconds(2)).ok());
    EXPECT_EQ(Shake(mechanism).error, 0);
    Send(kSaslAuthenticate, 0,
         KafkaBytes().Int32(static_cast<std::int32_t>(token.size())).Raw(token).bytes());
    EXPECT_TRUE(socket_->AwaitClosed());
    const std::string answer = Answer();
    KafkaReader reader(answer);
    EXPECT_EQ(reader.Int16(), kAuthenticationFailed);
    return std::string(reader.String());
  };
  EXPECT_THAT(again("PLAIN", "\0bob\0s3cret"s), HasSubstr("Cannot change principals"));
  EXPECT_THAT(again("SCRAM-SHA-256", "n,,n=ann,r=x"),
              HasSubstr("is not supported for re-authentication of mechanism 'PLAIN'"));
}

TEST_F(KafkaSaslWireTest, WhoSaysNothingIsClosed) {
  Start();
  Send(kApiVersions, 0, "");
  Answer();
  ASSERT_TRUE(broker_->clock().Advance(seconds(31)).ok());
  EXPECT_TRUE(socket_->AwaitClosed());
}

TEST_F(KafkaSaslWireTest, WhoIsNobodyYetSendsLittle) {
  Start();
  socket_->Send(KafkaBytes().Int32(1024 * 1024).bytes());
  EXPECT_TRUE(socket_->AwaitClosed());
}

TEST_F(KafkaSaslWireTest, GarbageOfAnyKindFails) {
  Start();
  std::mt19937 random(20261126);
  const std::array<std::string, 3> mechanisms = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
  for (int i = 0; i < 60; ++i) {
    socket_.emplace(broker_->Address("kafka+sasl_plaintext"));
    const std::int16_t version = static_cast<std::int16_t>(random() % 2);
    ASSERT_EQ(Shake(mechanisms[random() % mechanisms.size()], version).error, 0);
    std::string token = i % 2 == 0 ? "n,,n=ann,r=" : "";
    for (std::size_t left = random() % 100; left > 0; --left) {
      token.push_back(static_cast<char>(random() % 2 == 0 ? random() : ','));
    }
    const KafkaBytes sized =
        KafkaBytes().Int32(static_cast<std::int32_t>(token.size())).Raw(token);
    if (version == 0) {
      socket_->Send(sized.bytes());
    } else {
      Send(kSaslAuthenticate, 0, sized.bytes());
    }
    socket_->HalfClose();
  }
  socket_.emplace(broker_->Address("kafka+sasl_plaintext"));
  Shake("PLAIN");
  EXPECT_EQ(Authenticate(kGood).error, 0);
}

}  // namespace
}  // namespace wherry::conformance
