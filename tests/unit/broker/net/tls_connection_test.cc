// TLS on a Connection, against OpenSSL as a client over a socket pair.
#include <gtest/gtest.h>

#include "tests/unit/broker/net/connection_fixture.h"

namespace wherry::net {
namespace {

using ::testing::HasSubstr;

class TlsConnectionTest : public ConnectionFixture {};

std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

TEST_F(TlsConnectionTest, BytesGoBothWays) {
  TlsClient client(Connect({.echo = true}), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  EXPECT_EQ(client.version(), "TLSv1.3");
  ASSERT_TRUE(client.Send("PING\r\n"));
  EXPECT_TRUE(client.AwaitText("PING\r\n"));
  EXPECT_EQ(notes_.peer->version, "1.3");
  EXPECT_EQ(notes_.peer->cipher_suite, client.cipher_suite());
  EXPECT_FALSE(notes_.peer->has_certificate);
}

TEST_F(TlsConnectionTest, Tls12StillWorks) {
  TlsClient client(Connect({.echo = true}), {.ca = files_.ca, .max_version = TLS1_2_VERSION});
  ASSERT_TRUE(Open(client)) << client.error();
  ASSERT_TRUE(client.Send("a"));
  EXPECT_TRUE(client.AwaitText("a"));
  EXPECT_EQ(notes_.peer->version, "1.2");
}

TEST_F(TlsConnectionTest, WhatWasWrittenBeforeLeavesInTheClear) {
  const int fd = Connect({.in_the_clear = "INFO {}\r\n", .echo = true});
  char clear[9];
  ASSERT_EQ(::recv(fd, clear, sizeof(clear), MSG_WAITALL), 9);
  EXPECT_EQ(std::string_view(clear, 9), "INFO {}\r\n");
  TlsClient client(fd, {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  client.Send("x");
  EXPECT_TRUE(client.AwaitText("x"));
}

TEST_F(TlsConnectionTest, BytesAlreadyReadBelongToTheHandshake) {
  TlsClient client(Connect({.begin_at_open = false, .echo = true}), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  client.Send("x");
  EXPECT_TRUE(client.AwaitText("x"));
  EXPECT_EQ(notes_.received, "x");
}

TEST_F(TlsConnectionTest, EveryByteMayComeAlone) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    BeginAgain();
    TlsClient client(Connect({.begin_at_open = false, .echo = true}),
                     {.ca = files_.ca, .max_version = version, .send_at_most = 1});
    ASSERT_TRUE(Open(client)) << client.error();
    const std::string bytes = Pattern(500);
    ASSERT_TRUE(client.Send(bytes));
    EXPECT_TRUE(client.AwaitBytes(bytes.size()));
    EXPECT_EQ(client.received(), bytes);
  }
}

TEST_F(TlsConnectionTest, LargeTransfersArriveWholeBothWays) {
  TlsClient client(Connect({.echo = true}, 16 * 1024), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  const std::string bytes = Pattern(3'000'017);
  ASSERT_TRUE(client.Send(bytes));
  ASSERT_TRUE(client.AwaitBytes(bytes.size()));
  EXPECT_TRUE(client.received() == bytes);
  EXPECT_TRUE(notes_.received == bytes);
}

TEST_F(TlsConnectionTest, SharedAndSmallPiecesKeepTheirOrder) {
  TlsClient client(Connect(), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  const auto shared = std::make_shared<const std::string>(Pattern(100'000));
  std::string expected;
  On([&] {
    for (int i = 0; i < 20; ++i) {
      const std::string small = "MSG " + std::to_string(i) + "\r\n";
      const std::string_view piece = std::string_view(*shared).substr(0, i * 5'000);
      notes_.connection->Write(small);
      notes_.connection->Write(shared, piece);
      expected.append(small).append(piece);
    }
  });
  ASSERT_TRUE(client.AwaitBytes(expected.size()));
  EXPECT_TRUE(client.received() == expected);
}

TEST_F(TlsConnectionTest, ManySmallWritesShareRecords) {
  TlsClient client(Connect(), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  Write("first");
  ASSERT_TRUE(client.AwaitText("first"));
  const std::size_t before = client.raw_bytes();
  On([&] {
    for (int i = 0; i < 1000; ++i) notes_.connection->Write("0123456789");
  });
  ASSERT_TRUE(client.AwaitBytes(10'005));
  EXPECT_LT(client.raw_bytes() - before, 10'100u);
}

TEST_F(TlsConnectionTest, ALargeBodyIsDecryptedIntoItsBuffer) {
  TlsClient client(Connect({.body = 100'000}), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  const std::string bytes = Pattern(150'000);
  ASSERT_TRUE(client.Send(bytes));
  ASSERT_TRUE(AwaitReceived(bytes.size()));
  EXPECT_EQ(notes_.received_into_body, 100'000u);
  EXPECT_TRUE(notes_.received == bytes);
}

TEST_F(TlsConnectionTest, WritesBeforeTheHandshakeIsDoneWaitForIt) {
  const int fd = Connect();
  Write("early");
  TlsClient client(fd, {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  EXPECT_TRUE(client.AwaitText("early"));
}

TEST_F(TlsConnectionTest, APausedConnectionDeliversNothing) {
  TlsClient client(Connect(), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  ASSERT_TRUE(client.Send("a"));
  ASSERT_TRUE(AwaitReceived(1));
  On([&] { notes_.connection->PauseReading(); });
  // One read was under way already.
  ASSERT_TRUE(client.Send("b"));
  Settle();
  ASSERT_TRUE(client.Send("c"));
  Settle();
  On([&] { EXPECT_LT(notes_.received.size(), 3u); });
  On([&] { notes_.connection->ResumeReading(); });
  ASSERT_TRUE(AwaitReceived(3));
  EXPECT_EQ(notes_.received, "abc");
}

TEST_F(TlsConnectionTest, DrainedIsHeardWhenTheLastRecordIsHandedOver) {
  TlsClient client(Connect({}, 8 * 1024), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  const std::string bytes = Pattern(500'000);
  On([&] {
    notes_.connection->Write(bytes);
    notes_.connection->AwaitDrained();
  });
  On([&] { EXPECT_EQ(notes_.drained, 0); });
  ASSERT_TRUE(client.AwaitBytes(bytes.size()));
  EXPECT_TRUE(Await([&] { return notes_.drained == 1; }));
  On([&] { EXPECT_EQ(notes_.connection->pending_bytes(), 0u); });
}

TEST_F(TlsConnectionTest, CloseAfterFlushSendsEverythingAndSaysGoodbye) {
  TlsClient client(Connect({}, 8 * 1024), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  const std::string bytes = Pattern(300'000);
  On([&] {
    notes_.connection->Write(bytes);
    notes_.connection->CloseAfterFlush();
  });
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_TRUE(client.received() == bytes);
  EXPECT_TRUE(client.got_close_notify());
  client.HalfClose();
  EXPECT_TRUE(AwaitClosed());
  EXPECT_EQ(notes_.failure, "");
}

TEST_F(TlsConnectionTest, StoppingSendsWhatTheKernelTakes) {
  TlsClient client(Connect(), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  On([&] {
    notes_.connection->Write("last words");
    connections_.CloseAll();
  });
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_EQ(client.received(), "last words");
  EXPECT_TRUE(client.got_close_notify());
}

TEST_F(TlsConnectionTest, TheClientsGoodbyeClosesInOrder) {
  TlsClient client(Connect(), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  ASSERT_TRUE(client.Send("bye"));
  client.SendCloseNotify();
  EXPECT_TRUE(AwaitClosed());
  EXPECT_EQ(notes_.received, "bye");
  EXPECT_EQ(notes_.failure, "");
}

TEST_F(TlsConnectionTest, AnEndWithoutGoodbyeCloses) {
  TlsClient client(Connect(), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  client.HalfClose();
  EXPECT_TRUE(AwaitClosed());
}

TEST_F(TlsConnectionTest, ATruncatedHandshakeIsNamed) {
  TlsClient client(Connect(), {.ca = files_.ca});
  client.SendHello(50);
  client.HalfClose();
  EXPECT_TRUE(AwaitClosed());
  EXPECT_EQ(notes_.failure, "the client closed the connection during the TLS handshake");
  EXPECT_FALSE(notes_.tls_open);
}

TEST_F(TlsConnectionTest, APlainClientIsClosedWithoutAByte) {
  TlsClient client(Connect(), {});
  client.SendRaw("CONNECT {}\r\nPING\r\n");
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_EQ(client.raw_bytes(), 0u);
  Settle();
  EXPECT_EQ(notes_.failure, "the peer does not speak TLS");
}

TEST_F(TlsConnectionTest, GarbageInsideTheHandshakeIsAnsweredWithAnAlert) {
  TlsClient client(Connect(), {});
  client.SendRaw(std::string("\x16\x03\x01\x00\x10", 5) + std::string(16, '\xff'));
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_GT(client.raw_bytes(), 0u);
  EXPECT_NE(notes_.failure, "");
}

TEST_F(TlsConnectionTest, AnOverlongRecordIsRefused) {
  TlsClient client(Connect(), {});
  client.SendRaw(std::string("\x16\x03\x01\xff\xff", 5) + std::string(70'000, 'x'));
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_NE(notes_.failure, "");
}

TEST_F(TlsConnectionTest, ABrokenRecordAfterTheHandshakeCloses) {
  TlsClient client(Connect(), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  client.SendRaw(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_THAT(client.error(), HasSubstr("bad record mac"));
  EXPECT_NE(notes_.failure, "");
  EXPECT_EQ(notes_.received, "");
}

TEST_F(TlsConnectionTest, AHandshakeThatTakesTooLongIsClosed) {
  TlsSettings settings = ServerSettings();
  settings.timeout = std::chrono::milliseconds(1500);
  Load(settings);
  TlsClient client(Connect(), {.ca = files_.ca});
  client.SendHello(50);
  Advance(std::chrono::milliseconds(1499));
  EXPECT_EQ(notes_.failure, "");
  Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(notes_.failure, "the client did not complete the TLS handshake within 1500 ms");
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_EQ(client.raw_bytes(), 0u);
  // It does not close its side.
  Advance(Connection::kLinger);
  EXPECT_TRUE(AwaitClosed());
}

TEST_F(TlsConnectionTest, TheTimeoutEndsWithTheHandshake) {
  TlsClient client(Connect({.echo = true}), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  client.Send("a");
  ASSERT_TRUE(client.AwaitText("a"));
  Advance(std::chrono::hours(1));
  client.Send("b");
  EXPECT_TRUE(client.AwaitText("b"));
}

TEST_F(TlsConnectionTest, NewKeysMayBeAskedFor) {
  TlsClient client(Connect({.echo = true}), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  for (int i = 0; i < 5; ++i) {
    client.UpdateKeys();
    ASSERT_TRUE(client.Send("x"));
    ASSERT_TRUE(client.AwaitBytes(static_cast<std::size_t>(i) + 1)) << client.error();
  }
}

TEST_F(TlsConnectionTest, AnswersToAPeerThatDoesNotReadAreBounded) {
  TlsClient client(Connect({}, 4 * 1024), {.ca = files_.ca});
  ASSERT_TRUE(Open(client)) << client.error();
  const auto unfailed = [&] {
    bool so = false;
    On([&] { so = notes_.failure.empty(); });
    return so;
  };
  // Each is answered with more than 20 bytes.
  client.AskForKeysWithoutReading(TlsStream::kMaxUnsentAnswers / 10, unfailed);
  On([&] { EXPECT_EQ(notes_.failure, "the peer makes us answer and does not read"); });
}

class TlsVerifyTest : public TlsConnectionTest {
 protected:
  TlsVerifyTest() {
    TlsSettings settings = ServerSettings();
    settings.ca_file = files_.ca;
    settings.verify = true;
    Load(settings);
  }
};

TEST_F(TlsVerifyTest, AKnownCertificateIsLetInAndNamed) {
  TlsClient client(Connect({.echo = true}),
                   {.ca = files_.ca, .cert = files_.client, .key = files_.client_key});
  ASSERT_TRUE(Open(client)) << client.error();
  client.Send("x");
  ASSERT_TRUE(client.AwaitText("x")) << client.error();
  ASSERT_TRUE(notes_.peer->has_certificate);
  EXPECT_EQ(notes_.peer->subject, "CN=ann,O=wherry");
  EXPECT_EQ(notes_.peer->common_name, "ann");
  EXPECT_EQ(notes_.peer->public_key_sha256, files_.client_public_key_sha256);
}

TEST_F(TlsVerifyTest, NoCertificateIsRefused) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    BeginAgain();
    TlsClient client(Connect(), {.ca = files_.ca, .max_version = version});
    client.Handshake();
    EXPECT_TRUE(client.AwaitClosed());
    EXPECT_THAT(client.error(), HasSubstr("alert"));
    EXPECT_EQ(notes_.failure, "peer did not return a certificate");
    EXPECT_FALSE(notes_.tls_open);
  }
}

TEST_F(TlsVerifyTest, AStrangersCertificateIsRefused) {
  TlsClient client(Connect(),
                   {.ca = files_.ca, .cert = files_.stranger, .key = files_.stranger_key});
  client.Handshake();
  EXPECT_TRUE(client.AwaitClosed());
  EXPECT_THAT(client.error(), HasSubstr("unknown ca"));
  EXPECT_THAT(notes_.failure, HasSubstr("unable to get local issuer certificate"));
}

TEST_F(TlsVerifyTest, AResumedSessionStillHasItsCertificate) {
  std::shared_ptr<SSL_SESSION> session;
  for (const bool resumed : {false, true}) {
    BeginAgain();
    TlsClient client(
        Connect({.echo = true}),
        {.ca = files_.ca, .cert = files_.client, .key = files_.client_key, .session = session});
    ASSERT_TRUE(Open(client)) << client.error();
    client.Send("x");
    ASSERT_TRUE(client.AwaitText("x")) << client.error();
    EXPECT_EQ(client.resumed(), resumed);
    EXPECT_EQ(notes_.peer->common_name, "ann");
    session = client.session();
    client.SendCloseNotify();  // OpenSSL forgets the session of a connection that broke off
  }
}

TEST_F(TlsVerifyTest, OnlyPinnedKeysAreLetIn) {
  TlsSettings settings = acceptor_->settings();
  settings.pinned_certs = {files_.client_public_key_sha256};
  for (const bool pinned : {true, false}) {
    BeginAgain();
    if (!pinned) settings.pinned_certs = {std::string(64, 'a')};
    Load(settings);
    TlsClient client(Connect({.echo = true}),
                     {.ca = files_.ca, .cert = files_.client, .key = files_.client_key});
    client.Handshake();
    client.Send("x");
    EXPECT_EQ(client.AwaitText("x"), pinned);
    On([&] {
      EXPECT_EQ(notes_.failure,
                pinned ? "" : "the client's certificate is not one of pinned_certs");
      EXPECT_EQ(notes_.tls_open, pinned);
    });
  }
}

TEST_F(TlsConnectionTest, MinVersionIsKept) {
  TlsSettings settings = ServerSettings();
  settings.min_version = "1.3";
  Load(settings);
  TlsClient client(Connect(), {.max_version = TLS1_2_VERSION});
  EXPECT_FALSE(client.Handshake());
  EXPECT_THAT(client.error(), HasSubstr("protocol version"));
}

TEST_F(TlsConnectionTest, CipherSuitesAndCurvesAreKept) {
  TlsSettings settings = ServerSettings();
  settings.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"};
  settings.curve_preferences = {"CurveP384"};
  Load(settings);
  TlsClient tls12(Connect(), {.max_version = TLS1_2_VERSION});
  ASSERT_TRUE(Open(tls12)) << tls12.error();
  EXPECT_EQ(tls12.cipher_suite(), "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
  BeginAgain();
  TlsClient tls13(Connect(), {});
  ASSERT_TRUE(Open(tls13)) << tls13.error();
  EXPECT_EQ(tls13.cipher_suite(), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(tls13.curve(), "secp384r1");
  TlsClient other_suite(
      Connect(), {.max_version = TLS1_2_VERSION, .cipher_list = "ECDHE-ECDSA-AES128-GCM-SHA256"});
  EXPECT_FALSE(other_suite.Handshake());
  TlsClient other_curve(Connect(), {.curves = "X25519"});
  EXPECT_FALSE(other_curve.Handshake());
}

}  // namespace
}  // namespace wherry::net
