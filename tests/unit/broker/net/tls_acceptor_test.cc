// What TLS's options may and may not say, and what is said about them.
#include "broker/net/tls_acceptor.h"

#include <gmock/gmock.h>

#include "tests/conformance/support/certificates.h"
#include "tests/conformance/support/temp_folder.h"

namespace wherry::net {
namespace {

using conformance::Certificate;
using conformance::TlsFiles;
using ::testing::AllOf;
using ::testing::HasSubstr;

class TlsAcceptorTest : public ::testing::Test {
 protected:
  TlsSettings Good() const {
    TlsSettings settings;
    settings.cert_file = files_.server;
    settings.key_file = files_.server_key;
    return settings;
  }
  // What loading says; "" if it loads.
  static std::string Said(const TlsSettings& settings) {
    const auto loaded = TlsAcceptor::Load(settings);
    return loaded.ok() ? "" : std::string(loaded.status().message());
  }

  conformance::TempFolder folder_;
  const TlsFiles files_{folder_.path().string()};
};

TEST_F(TlsAcceptorTest, GoodFilesLoad) {
  TlsSettings settings = Good();
  settings.ca_file = files_.ca;
  settings.verify = true;
  settings.min_version = "1.2";
  settings.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"};
  settings.curve_preferences = {"X25519", "CurveP256", "CurveP384", "CurveP521"};
  settings.pinned_certs = {std::string(64, 'A')};
  EXPECT_EQ(Said(settings), "");
}

TEST_F(TlsAcceptorTest, VerifyWithoutCaFileTakesTheSystemsAuthorities) {
  TlsSettings settings = Good();
  settings.verify = true;
  EXPECT_EQ(Said(settings), "");
}

TEST_F(TlsAcceptorTest, AMissingFileIsNamed) {
  TlsSettings settings = Good();
  settings.cert_file = folder_.File("nowhere.pem");
  EXPECT_EQ(Said(settings),
            "tls.cert_file \"" + settings.cert_file + "\": No such file or directory");
  settings = Good();
  settings.key_file = folder_.File("nowhere.key");
  EXPECT_THAT(Said(settings), HasSubstr("tls.key_file \"" + settings.key_file));
  settings = Good();
  settings.ca_file = folder_.path().string();
  EXPECT_THAT(Said(settings), AllOf(HasSubstr("tls.ca_file"), HasSubstr("Is a directory")));
}

TEST_F(TlsAcceptorTest, ACertificateWithoutKeyIsRefused) {
  TlsSettings settings = Good();
  settings.key_file.clear();
  EXPECT_THAT(Said(settings), HasSubstr("tls.key_file is missing"));
  EXPECT_THAT(Said(TlsSettings()), HasSubstr("tls.cert_file is missing"));
}

TEST_F(TlsAcceptorTest, AKeyThatDoesNotFitIsRefused) {
  TlsSettings settings = Good();
  settings.key_file = files_.client_key;
  EXPECT_THAT(Said(settings),
              AllOf(HasSubstr("tls.key_file \"" + files_.client_key),
                    HasSubstr("is not the key of the certificate in \"" + files_.server)));
}

TEST_F(TlsAcceptorTest, AnEncryptedKeyAsksNobody) {
  const Certificate certificate = Certificate::Authority("x").Issue({{{"CN", "localhost"}}, ""});
  TlsSettings settings;
  settings.cert_file = folder_.File("own.pem");
  settings.key_file = folder_.File("own.key");
  certificate.WriteCertificate(settings.cert_file);
  certificate.WriteEncryptedKey(settings.key_file);
  EXPECT_THAT(Said(settings), HasSubstr("without a passphrase"));
}

TEST_F(TlsAcceptorTest, AFileWithSomethingElseIsRefused) {
  TlsSettings settings = Good();
  settings.cert_file = folder_.File("text");
  conformance::WriteFile(settings.cert_file, "not a certificate\n");
  EXPECT_THAT(Said(settings), HasSubstr("has no certificate in PEM"));
  conformance::WriteFile(settings.cert_file,
                         "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(Said(settings), HasSubstr("no certificate in PEM"));
  settings = Good();
  settings.key_file = files_.server;
  EXPECT_THAT(Said(settings), HasSubstr("no private key"));
}

TEST_F(TlsAcceptorTest, UnknownNamesAreRefused) {
  TlsSettings settings = Good();
  settings.min_version = "1.1";
  EXPECT_EQ(Said(settings), "tls.min_version \"1.1\": must be 1.2 or 1.3");
  settings = Good();
  settings.cipher_suites = {"TLS_AES_128_GCM_SHA256", "TLS_NONSENSE"};
  EXPECT_THAT(Said(settings), HasSubstr("tls.cipher_suites \"TLS_NONSENSE\""));
  // OpenSSL's own words would otherwise open more than was asked for.
  settings.cipher_suites = {"ALL"};
  EXPECT_THAT(Said(settings), HasSubstr("tls.cipher_suites \"ALL\""));
  settings = Good();
  settings.curve_preferences = {"CurveP999"};
  EXPECT_THAT(Said(settings), HasSubstr("tls.curve_preferences \"CurveP999\""));
  settings = Good();
  settings.pinned_certs = {"abc"};
  EXPECT_THAT(Said(settings), HasSubstr("tls.pinned_certs \"abc\""));
  settings = Good();
  settings.connection_rate_limit = -1;
  EXPECT_THAT(Said(settings), HasSubstr("tls.connection_rate_limit is -1"));
  settings = Good();
  settings.timeout = {};
  EXPECT_EQ(Said(settings), "tls.timeout must be above 0");
}

TEST_F(TlsAcceptorTest, TheRateHoldsForEachSecond) {
  TlsSettings settings = Good();
  settings.connection_rate_limit = 2;
  const auto acceptor = *TlsAcceptor::Load(settings);
  const runtime::Instant start{std::chrono::hours(1)};
  EXPECT_TRUE(acceptor->AllowHandshake(start));
  EXPECT_TRUE(acceptor->AllowHandshake(start + std::chrono::milliseconds(999)));
  EXPECT_FALSE(acceptor->AllowHandshake(start + std::chrono::seconds(1)));
  EXPECT_TRUE(acceptor->AllowHandshake(start + std::chrono::milliseconds(1001)));
}

}  // namespace
}  // namespace wherry::net
