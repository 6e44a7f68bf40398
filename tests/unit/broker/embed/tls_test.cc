// TLS as an embedding program asks for it: what Start refuses, and in which words.
#include <gmock/gmock.h>

#include "tests/conformance/support/certificates.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry {
namespace {

using ::testing::HasSubstr;

class EmbedTlsTest : public ::testing::Test {
 protected:
  EmbedTlsTest() {
    options_.nats.tls.emplace();
    tls().cert_file = files_.server;
    tls().key_file = files_.server_key;
  }
  TlsOptions& tls() { return *options_.nats.tls; }
  std::string Refusal() {
    const StatusOr<Broker> started = Broker::Start(options_);
    if (started.ok()) return "";
    EXPECT_EQ(started.status().code(), StatusCode::kInvalidArgument);
    return std::string(started.status().message());
  }

  conformance::TempFolder folder_;
  const conformance::TlsFiles files_{folder_.path().string()};
  Options options_;
};

TEST_F(EmbedTlsTest, GoodOptionsStart) {
  tls().verify = true;
  tls().ca_file = files_.ca;
  options_.nats.allow_non_tls = true;
  EXPECT_EQ(Refusal(), "");
}

TEST_F(EmbedTlsTest, ABadFileFailsTheStartWithItsName) {
  tls().cert_file = folder_.File("none.pem");
  EXPECT_EQ(Refusal(), "nats.tls.cert_file \"" + tls().cert_file + "\": No such file or directory");
  tls().cert_file = files_.server;
  tls().key_file = files_.stranger_key;
  EXPECT_THAT(Refusal(), HasSubstr("nats.tls.key_file \"" + files_.stranger_key + "\": is not"));
}

TEST_F(EmbedTlsTest, WhatMakesNoSenseIsRefused) {
  tls().handshake_first_wait = {};
  EXPECT_EQ(Refusal(), "nats.tls.handshake_first_wait must be above 0");
  options_.nats.tls.reset();
  options_.nats.allow_non_tls = true;
  EXPECT_THAT(Refusal(), HasSubstr("nats.allow_non_tls is set without nats.tls"));
}

}  // namespace
}  // namespace wherry
