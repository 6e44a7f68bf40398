// TLS in every way a NATS connection may begin it. Proved on nats-server 2.15.2, since the tests
// of handshake_first need 2.10 or later.
#include <gmock/gmock.h>

#include "tests/conformance/nats/nats_events.h"
#include "tests/conformance/nats/nats_test.h"
#include "tests/conformance/support/certificates.h"
#include "tests/conformance/support/raw_socket.h"
#include "tests/conformance/support/temp_folder.h"
#include "tests/conformance/support/tls_client.h"

namespace wherry::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using HandshakeFirst = TlsOptions::HandshakeFirst;

class NatsTlsTest : public NatsTest {
 protected:
  void SetUp() override {
    if (IsRemote()) GTEST_SKIP() << "a remote server has TLS of its own";
    NatsTest::SetUp();
  }
  NatsOptions options() const override {
    NatsOptions options;
    options.tls.emplace();
    options.tls->cert_file = files_.server;
    options.tls->key_file = files_.server_key;
    // Waiting must be short where it is tested, and is long where it would disturb.
    options.tls->timeout = short_timeout() ? kShort : std::chrono::milliseconds(kPatience);
    Adjust(options);
    return options;
  }
  virtual bool short_timeout() const { return false; }
  virtual void Adjust(NatsOptions&) const {}

  RawSocket Dial() { return RawSocket(AddressOfUrl(url())); }
  TlsClient::Settings Settings() const { return {.ca = files_.ca}; }
  // CONNECT and PING are answered, over TLS and in the clear.
  static void ExpectServed(TlsClient& client) {
    EXPECT_TRUE(client.Send("CONNECT {\"verbose\":false}\r\nPING\r\n"));
    EXPECT_TRUE(client.AwaitText("PONG\r\n")) << client.error();
  }
  static void ExpectServed(RawSocket& socket) {
    EXPECT_TRUE(socket.Send("CONNECT {\"verbose\":false}\r\nPING\r\n"));
    EXPECT_EQ(socket.TakeLine(), "PONG\r\n");
  }

  NatsConnectOptions SecureOptions() const {
    NatsConnectOptions options = ConnectOptions(url());
    EXPECT_EQ(natsOptions_SetSecure(options.get(), true), NATS_OK);
    EXPECT_EQ(natsOptions_LoadCATrustedCertificates(options.get(), files_.ca.c_str()), NATS_OK);
    EXPECT_EQ(natsOptions_SetExpectedHostname(options.get(), "localhost"), NATS_OK);
    return options;
  }

  static constexpr std::chrono::milliseconds kShort{300};
  TempFolder folder_;
  TlsFiles files_{folder_.path().string()};
};

TEST_F(NatsTlsTest, TheCClientUpgrades) {
  const NatsConnection connection = Connect(SecureOptions());
  const NatsSub subscription = Subscribe(connection, Subject("a"));
  const std::string large(1'000'000, 'x');
  Publish(connection, Subject("a"), "small");
  Publish(connection, Subject("a"), large);
  Publish(connection, Subject("a"), "");
  EXPECT_EQ(DataOf(Next(subscription)), "small");
  EXPECT_TRUE(DataOf(Next(subscription)) == large);
  EXPECT_EQ(DataOf(Next(subscription)), "");
}

TEST_F(NatsTlsTest, ThousandsOfMessagesArriveInOrder) {
  const NatsConnection publisher = Connect(SecureOptions());
  const NatsConnection subscriber = Connect(SecureOptions());
  const NatsSub subscription = Subscribe(subscriber, Subject("n"));
  std::vector<std::string> expected;
  for (int i = 0; i < 5'000; ++i) {
    expected.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) % 700, '.'));
    Publish(publisher, Subject("n"), expected.back());
  }
  EXPECT_EQ(NextPayloads(subscription, expected.size()), expected);
}

TEST_F(NatsTlsTest, ClientsComeBackAfterARestart) {
  NatsEvents events;
  const NatsConnectOptions options = SecureOptions();
  natsOptions_SetAllowReconnect(options.get(), true);
  natsOptions_SetMaxReconnect(options.get(), -1);
  natsOptions_SetReconnectWait(options.get(), 10);
  natsOptions_SetReconnectJitter(options.get(), 1, 1);
  events.Watch(options.get());
  const NatsConnection connection = Connect(options);
  const NatsSub subscription = Subscribe(connection, Subject("a"));
  server().Stop();
  ASSERT_TRUE(events.AwaitDisconnected());
  server().StartAgain();
  ASSERT_TRUE(events.AwaitReconnected());
  Publish(connection, Subject("a"), "again");
  EXPECT_EQ(DataOf(Next(subscription)), "again");
  // Its callbacks come from a thread of cnats, and must come before `events` goes.
  natsConnection_Close(connection.get());
  EXPECT_TRUE(events.AwaitClosed());
}

TEST_F(NatsTlsTest, InfoComesInTheClearAndTheRestDoesNot) {
  RawSocket socket = Dial();
  const std::string info = socket.TakeLine();
  EXPECT_THAT(info, HasSubstr("\"tls_required\":true"));
  EXPECT_THAT(info, Not(HasSubstr("tls_verify")));
  EXPECT_THAT(info, Not(HasSubstr("tls_available")));
  TlsClient client(socket.Release(), Settings());
  ASSERT_TRUE(client.Handshake()) << client.error();
  ExpectServed(client);
  EXPECT_EQ(client.received(), "PONG\r\n");
}

TEST_F(NatsTlsTest, ErrorsArriveEncryptedAndTheEndIsAnnounced) {
  RawSocket socket = Dial();
  socket.TakeLine();
  TlsClient client(socket.Release(), Settings());
  ASSERT_TRUE(client.Handshake()) << client.error();
  client.Send("NONSENSE\r\n");
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_EQ(client.received(), "-ERR 'Unknown Protocol Operation'\r\n");
  EXPECT_TRUE(client.got_close_notify());
}

TEST_F(NatsTlsTest, APlainClientIsClosedWithoutAWord) {
  RawSocket socket = Dial();
  socket.TakeLine();
  socket.Send("CONNECT {}\r\nPING\r\n");
  EXPECT_TRUE(socket.AwaitClosed());
  EXPECT_EQ(socket.received(), "");
}

TEST_F(NatsTlsTest, TheCClientWithoutTheAuthorityDoesNotConnect) {
  const NatsConnectOptions options = ConnectOptions(url());
  natsOptions_SetSecure(options.get(), true);
  EXPECT_NE(TryConnect(options), NATS_OK);
}

class NatsTlsTimeoutTest : public NatsTlsTest {
 protected:
  bool short_timeout() const override { return true; }
  void Adjust(NatsOptions& options) const override { options.token = "t"; }
};

TEST_F(NatsTlsTimeoutTest, AClientThatNeverBeginsIsClosed) {
  RawSocket socket = Dial();
  socket.TakeLine();
  EXPECT_TRUE(socket.AwaitClosed());
  EXPECT_EQ(socket.received(), "");
}

TEST_F(NatsTlsTimeoutTest, AClientThatStopsInTheMiddleIsClosed) {
  RawSocket socket = Dial();
  socket.TakeLine();
  TlsClient client(socket.Release(), Settings());
  client.SendHello(20);
  EXPECT_TRUE(client.AwaitClosed());
}

TEST_F(NatsTlsTimeoutTest, TheTimeForConnectBeginsWithTheHandshakeDone) {
  RawSocket socket = Dial();
  socket.TakeLine();
  TlsClient client(socket.Release(), Settings());
  ASSERT_TRUE(client.Handshake()) << client.error();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(client.AwaitClosed());
  // One second more than the handshake may take.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1200));
  EXPECT_EQ(client.received(), "-ERR 'Authentication Timeout'\r\n");
}

class NatsTlsVerifyTest : public NatsTlsTest {
 protected:
  void Adjust(NatsOptions& options) const override {
    options.tls->verify = true;
    options.tls->ca_file = files_.ca;
  }
};

TEST_F(NatsTlsVerifyTest, TheCClientNeedsACertificateOfTheAuthority) {
  NatsConnectOptions options = SecureOptions();
  EXPECT_NE(TryConnect(options), NATS_OK);
  options = SecureOptions();
  natsOptions_LoadCertificatesChain(options.get(), files_.stranger.c_str(),
                                    files_.stranger_key.c_str());
  EXPECT_NE(TryConnect(options), NATS_OK);
  options = SecureOptions();
  natsOptions_LoadCertificatesChain(options.get(), files_.client.c_str(),
                                    files_.client_key.c_str());
  EXPECT_EQ(TryConnect(options), NATS_OK);
}

TEST_F(NatsTlsVerifyTest, InfoSaysThatACertificateIsWanted) {
  EXPECT_THAT(Dial().TakeLine(), HasSubstr("\"tls_required\":true,\"tls_verify\":true,"));
}

class NatsTlsPinnedTest : public NatsTlsVerifyTest {
 protected:
  void Adjust(NatsOptions& options) const override {
    NatsTlsVerifyTest::Adjust(options);
    options.tls->pinned_certs = {std::string(64, 'a')};
  }
};

TEST_F(NatsTlsPinnedTest, ACertificateThatIsNotPinnedIsRefused) {
  const NatsConnectOptions options = SecureOptions();
  natsOptions_LoadCertificatesChain(options.get(), files_.client.c_str(),
                                    files_.client_key.c_str());
  EXPECT_NE(TryConnect(options), NATS_OK);
}

class NatsTlsFirstTest : public NatsTlsTest {
 protected:
  bool short_timeout() const override { return true; }
  void Adjust(NatsOptions& options) const override {
    options.tls->handshake_first = HandshakeFirst::kAlways;
  }
};

TEST_F(NatsTlsFirstTest, InfoComesAfterTheHandshake) {
  TlsClient client(Dial().Release(), Settings());
  ASSERT_TRUE(client.Handshake()) << client.error();
  ASSERT_TRUE(client.AwaitText("\r\n"));
  EXPECT_THAT(client.Take(), HasSubstr("\"tls_required\":true"));
  ExpectServed(client);
}

TEST_F(NatsTlsFirstTest, AClientThatWaitsForInfoGetsNothing) {
  RawSocket socket = Dial();
  EXPECT_TRUE(socket.AwaitClosed());
  EXPECT_EQ(socket.received(), "");
}

class NatsTlsAutoTest : public NatsTlsTest {
 protected:
  void Adjust(NatsOptions& options) const override {
    options.tls->handshake_first = HandshakeFirst::kAuto;
    options.tls->handshake_first_wait = kShort;
  }
};

TEST_F(NatsTlsAutoTest, WhoBeginsWithTheHandshakeGetsInfoAfterIt) {
  TlsClient client(Dial().Release(), Settings());
  ASSERT_TRUE(client.Handshake()) << client.error();
  ASSERT_TRUE(client.AwaitText("\r\n"));
  EXPECT_THAT(client.Take(), HasSubstr("INFO {"));
  ExpectServed(client);
}

TEST_F(NatsTlsAutoTest, WhoWaitsGetsInfoInTheClear) {
  RawSocket socket = Dial();
  EXPECT_THAT(socket.TakeLine(), HasSubstr("\"tls_required\":true"));
  TlsClient client(socket.Release(), Settings());
  ASSERT_TRUE(client.Handshake()) << client.error();
  ExpectServed(client);
}

TEST_F(NatsTlsAutoTest, TheCClientWaits) {
  const NatsConnection connection = Connect(SecureOptions());
  const NatsSub subscription = Subscribe(connection, Subject("a"));
  Publish(connection, Subject("a"), "x");
  EXPECT_EQ(DataOf(Next(subscription)), "x");
}

TEST_F(NatsTlsAutoTest, WhoBeginsWithSomethingElseIsClosed) {
  RawSocket socket = Dial();
  socket.Send("CONNECT {}\r\nPING\r\n");
  EXPECT_TRUE(socket.AwaitClosed());
  EXPECT_EQ(socket.received(), "");
}

class NatsTlsAllowPlainTest : public NatsTlsTest {
 protected:
  void Adjust(NatsOptions& options) const override { options.allow_non_tls = true; }
};

TEST_F(NatsTlsAllowPlainTest, InfoOffersTls) {
  const std::string info = Dial().TakeLine();
  EXPECT_THAT(info, HasSubstr("\"tls_available\":true"));
  EXPECT_THAT(info, Not(HasSubstr("tls_required")));
}

TEST_F(NatsTlsAllowPlainTest, PlainClientsAreServed) {
  RawSocket socket = Dial();
  socket.TakeLine();
  ExpectServed(socket);
  const NatsConnection connection = Connect(url());
  const NatsSub subscription = Subscribe(connection, Subject("a"));
  // cnats 3.4 speaks TLS only where it is required.
  RawSocket upgrading = Dial();
  upgrading.TakeLine();
  TlsClient secure(upgrading.Release(), Settings());
  ASSERT_TRUE(secure.Handshake()) << secure.error();
  secure.Send("PUB " + Subject("a") + " 8\r\nfrom TLS\r\n");
  EXPECT_EQ(DataOf(Next(subscription)), "from TLS");
}

TEST_F(NatsTlsAllowPlainTest, TlsClientsAreServed) {
  RawSocket socket = Dial();
  socket.TakeLine();
  TlsClient::Settings settings = Settings();
  settings.send_at_most = 1;
  TlsClient client(socket.Release(), settings);
  ASSERT_TRUE(client.Handshake()) << client.error();
  ExpectServed(client);
}

class NatsTlsAutoAllowPlainTest : public NatsTlsAutoTest {
 protected:
  void Adjust(NatsOptions& options) const override {
    NatsTlsAutoTest::Adjust(options);
    options.allow_non_tls = true;
  }
};

TEST_F(NatsTlsAutoAllowPlainTest, AllThreeKindsAreServed) {
  TlsClient first(Dial().Release(), Settings());
  ASSERT_TRUE(first.Handshake()) << first.error();
  ASSERT_TRUE(first.AwaitText("\r\n"));
  EXPECT_THAT(first.Take(), HasSubstr("\"tls_required\":true,\"tls_available\":true"));
  ExpectServed(first);

  RawSocket upgrading = Dial();
  const std::string info = upgrading.TakeLine();
  EXPECT_THAT(info, HasSubstr("\"tls_available\":true"));
  EXPECT_THAT(info, Not(HasSubstr("tls_required")));
  TlsClient upgraded(upgrading.Release(), Settings());
  ASSERT_TRUE(upgraded.Handshake()) << upgraded.error();
  ExpectServed(upgraded);

  RawSocket plain = Dial();
  plain.TakeLine();
  ExpectServed(plain);
}

class NatsTlsRateTest : public NatsTlsTest {
 protected:
  void Adjust(NatsOptions& options) const override { options.tls->connection_rate_limit = 3; }
};

TEST_F(NatsTlsRateTest, TooManyHandshakesAreThrottledInWords) {
  // A second may end in between, but not four of them.
  int refused = 0;
  for (int i = 0; i < 16; ++i) {
    RawSocket socket = Dial();
    socket.TakeLine();
    if (!socket.AwaitBytes(1, std::chrono::milliseconds(50))) continue;
    EXPECT_TRUE(socket.AwaitClosed());
    EXPECT_EQ(socket.received(),
              "-ERR 'Connection throttling is active. Please try again later.'\r\n");
    ++refused;
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace wherry::conformance
