// Tokens, users and passwords.
#include <functional>

#include <gtest/gtest.h>

#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/raw_socket.h"

namespace wherry::conformance {
namespace {

class NatsAuthenticationTest : public NatsTest {
 protected:
  void SetUp() override {
    if (IsRemote()) GTEST_SKIP() << "a remote server has credentials of its own";
    NatsTest::SetUp();
  }

  // What a client with these credentials is told.
  natsStatus ConnectWith(const std::function<void(natsOptions*)>& credentials) {
    const NatsConnectOptions options = ConnectOptions(url());
    credentials(options.get());
    return TryConnect(options);
  }
  static void Nothing(natsOptions*) {}
  static std::function<void(natsOptions*)> Token(const char* token) {
    return [token](natsOptions* options) { natsOptions_SetToken(options, token); };
  }
  static std::function<void(natsOptions*)> User(const char* user, const char* password) {
    return [=](natsOptions* options) { natsOptions_SetUserInfo(options, user, password); };
  }

  // Sends raw bytes and expects to be thrown out with exactly the error NATS gives.
  void ExpectViolation(const std::string& bytes) {
    RawSocket socket(AddressOfUrl(url()));
    EXPECT_NE(socket.TakeLine().find("\"auth_required\":true"), std::string::npos);
    socket.Send(bytes);
    EXPECT_TRUE(socket.AwaitClosed()) << bytes;
    EXPECT_EQ(socket.received(), "-ERR 'Authorization Violation'\r\n") << bytes;
  }
};

class NatsTokenTest : public NatsAuthenticationTest {
 protected:
  NatsOptions options() const override { return {.token = "s3cr3t"}; }
};

class NatsPasswordTest : public NatsAuthenticationTest {
 protected:
  NatsOptions options() const override { return {.user = "ann", .password = "pa55"}; }
};

TEST_F(NatsTokenTest, OnlyTheTokenOpensTheDoor) {
  EXPECT_EQ(ConnectWith(Token("s3cr3t")), NATS_OK);
  EXPECT_EQ(ConnectWith(Token("S3cr3t")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(Token("s3cr3t ")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(Token("s3cr3")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(Nothing), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(User("ann", "s3cr3t")), NATS_CONNECTION_AUTH_FAILED);
}

TEST_F(NatsTokenTest, BeforeConnectNothingIsHandled) {
  ExpectViolation("PING\r\n");
  ExpectViolation("SUB a 1\r\n");
  ExpectViolation("PUB a 1\r\nx\r\n");
  ExpectViolation("CONNECT {}\r\n");
  ExpectViolation("CONNECT {\"auth_token\":\"\"}\r\n");
  ExpectViolation("CONNECT {\"auth_token\":\"wrong\"}\r\nSUB > 1\r\n");
}

TEST_F(NatsPasswordTest, OnlyTheUserWithItsPasswordGetsIn) {
  EXPECT_EQ(ConnectWith(User("ann", "pa55")), NATS_OK);
  EXPECT_EQ(ConnectWith(User("ann", "pa5")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(User("bob", "pa55")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(User("", "pa55")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(Token("pa55")), NATS_CONNECTION_AUTH_FAILED);
  EXPECT_EQ(ConnectWith(Nothing), NATS_CONNECTION_AUTH_FAILED);
}

TEST_F(NatsPasswordTest, CredentialsInTheUrlWork) {
  const std::string address = AddressOfUrl(url());
  const NatsConnection connection = Connect(ConnectOptions("nats://ann:pa55@" + address));
  const NatsSub subscription = Subscribe(connection, Subject("a"));
  Publish(connection, Subject("a"), "x");
  EXPECT_EQ(DataOf(Next(subscription)), "x");
  EXPECT_EQ(TryConnect(ConnectOptions("nats://ann:nope@" + address)), NATS_CONNECTION_AUTH_FAILED);
}

TEST_F(NatsPasswordTest, AWrongPasswordIsRefusedWhateverFollows) {
  ExpectViolation("CONNECT {\"user\":\"ann\",\"pass\":\"nope\"}\r\nPUB a 1\r\nx\r\nPING\r\n");
  ExpectViolation("CONNECT {\"user\":\"ann\"}\r\n");
}

}  // namespace
}  // namespace wherry::conformance
