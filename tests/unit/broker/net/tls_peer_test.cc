// How the names of a client's certificate are read. Expected subjects are what Go's
// pkix.Name.ToRDNSequence().String() prints for the same certificate.
#include <gmock/gmock.h>

#include "tests/unit/broker/net/connection_fixture.h"

namespace wherry::net {
namespace {

using conformance::Certificate;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TlsPeerTest : public ConnectionFixture {
 protected:
  // What the server sees of a client with this certificate.
  TlsPeer Shown(const Certificate::Subject& subject) {
    const Certificate authority = Certificate::Authority("peers");
    const Certificate certificate = authority.Issue(subject);
    authority.WriteCertificate(folder_.File("peers.pem"));
    certificate.WriteCertificate(folder_.File("peer.pem"));
    certificate.WriteKey(folder_.File("peer.key"));
    TlsSettings settings = ServerSettings();
    settings.ca_file = folder_.File("peers.pem");
    settings.verify = true;
    Load(settings);
    BeginAgain();
    TlsClient client(
        Connect({.echo = true}),
        {.ca = files_.ca, .cert = folder_.File("peer.pem"), .key = folder_.File("peer.key")});
    EXPECT_TRUE(Open(client)) << client.error();
    client.Send("x");
    EXPECT_TRUE(client.AwaitText("x")) << client.error();
    return notes_.peer.value_or(TlsPeer());
  }
};

TEST_F(TlsPeerTest, AlternativeNamesByKind) {
  const TlsPeer peer = Shown({{{"CN", "ann"}},
                              "email:ann@example.com,DNS:a.example.com,URI:spiffe://example/ann,"
                              "email:a@example.com,IP:127.0.0.1"});
  EXPECT_THAT(peer.emails, ElementsAre("ann@example.com", "a@example.com"));
  EXPECT_THAT(peer.dns_names, ElementsAre("a.example.com"));
  EXPECT_THAT(peer.uris, ElementsAre("spiffe://example/ann"));
  EXPECT_EQ(peer.subject, "CN=ann");
}

TEST_F(TlsPeerTest, SubjectInGosOrder) {
  const TlsPeer peer = Shown({{{"CN", "first"},
                               {"OU", "b"},
                               {"C", "DE"},
                               {"O", "c"},
                               {"serialNumber", "7"},
                               {"OU", "a"},
                               {"L", "Kiel"},
                               {"ST", "SH"},
                               {"street", "Hafen 1"},
                               {"postalCode", "24103"},
                               {"CN", "last"}},
                              ""});
  EXPECT_EQ(peer.subject,
            "SERIALNUMBER=7,CN=last,OU=b+OU=a,O=c,POSTALCODE=24103,STREET=Hafen 1,L=Kiel,ST=SH,"
            "C=DE");
  EXPECT_EQ(peer.common_name, "last");
  EXPECT_EQ(peer.subject_with_domain, "");
  ASSERT_EQ(peer.subject_parts.size(), 11u);
  EXPECT_EQ(peer.subject_parts[0][0].type, "CN");
  EXPECT_EQ(peer.subject_parts[0][0].value, "first");
  EXPECT_THAT(peer.emails, IsEmpty());
}

TEST_F(TlsPeerTest, DomainComponentsStandBehind) {
  const TlsPeer peer =
      Shown({{{"DC", "com"}, {"DC", "example"}, {"O", "acme"}, {"CN", "www"}, {"UID", "u1"}}, ""});
  EXPECT_EQ(peer.subject, "CN=www,O=acme");
  EXPECT_EQ(peer.subject_with_domain, "CN=www,O=acme,DC=com,DC=example");
  EXPECT_EQ(peer.subject_parts.back()[0].type, "0.9.2342.19200300.100.1.1");
}

TEST_F(TlsPeerTest, SpecialCharactersAreEscaped) {
  EXPECT_EQ(Shown({{{"CN", " #a,b+c\"d\\e<f>g;h "}}, ""}).subject,
            "CN=\\ #a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h\\ ");
  EXPECT_EQ(Shown({{{"O", "#x"}, {"CN", "J\xc3\xb6rg"}}, ""}).subject, "CN=J\xc3\xb6rg,O=\\#x");
}

}  // namespace
}  // namespace wherry::net
