#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace wherry::conformance {

// A certificate with its private key, made when a test runs. Threads: one at a time. A value.
class Certificate {
 public:
  // What the certificate says of its owner.
  struct Subject {
    // In this order: {"C", "DE"}, {"O", "wherry"}, {"CN", "ann"}. Short names as OpenSSL has them.
    std::vector<std::pair<std::string, std::string>> parts;
    std::string alternative_names;  // "DNS:localhost,IP:127.0.0.1,email:ann@example.com"
  };

  // One that signs itself, and others.
  static Certificate Authority(const std::string& name);
  // One for servers and clients, signed by this one.
  Certificate Issue(const Subject& subject) const;

  void WriteCertificate(const std::string& path) const;
  void WriteKey(const std::string& path) const;
  // With a passphrase, which Wherry cannot know.
  void WriteEncryptedKey(const std::string& path) const;
  std::string PublicKeySha256() const;

 private:
  Certificate();
  void SetSubject(const Subject& subject);
  void Extend(int nid, const std::string& value, X509* issuer);

  std::shared_ptr<X509> certificate_;
  std::shared_ptr<EVP_PKEY> key_;
};

// The files that most tests of TLS need, in a folder of their own.
struct TlsFiles {
  // Makes ca.pem, server.pem and .key (localhost, 127.0.0.1), client.pem and .key (CN=ann), and
  // stranger.pem and .key, whose authority nobody knows.
  explicit TlsFiles(const std::string& folder);

  std::string ca, server, server_key, client, client_key, stranger, stranger_key;
  std::string client_public_key_sha256;
};

}  // namespace wherry::conformance
