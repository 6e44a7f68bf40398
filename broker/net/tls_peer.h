#pragma once

#include <string>
#include <vector>

struct ssl_st;

namespace wherry::net {

// What is known of a TLS connection and of the certificate its peer has shown: plain values.
struct TlsPeer {
  struct Attribute {
    std::string type;  // "CN", "O", "DC"; or the dotted number of one without a usual name
    std::string value;
  };

  std::string version;       // "1.2", "1.3"
  std::string cipher_suite;  // its IANA name

  // All below is empty if the peer has shown no certificate.
  bool has_certificate = false;
  std::vector<std::string> emails, dns_names, uris;  // subject alternative names
  std::string common_name;                           // the last one
  // The subject as Go's pkix.Name prints it (RFC 2253, in an order of its own, and only the
  // attributes it knows): "CN=ann,OU=b,O=c,C=DE".
  std::string subject;
  // `subject` with the domain components behind it: "CN=ann,DC=example,DC=com". Empty without any.
  std::string subject_with_domain;
  // The subject as Java prints it (RFC 2253, the last part of the certificate's first, attributes
  // without a name there as number and DER): "CN=ann,OU=b,O=c,C=DE".
  std::string distinguished_name;
  // The subject as the certificate has it, its first part first; attributes of one part are equals.
  std::vector<std::vector<Attribute>> subject_parts;
  // SHA-256 in lower-case hexadecimal, of the SubjectPublicKeyInfo and of the whole certificate.
  std::string public_key_sha256, certificate_sha256;
};

TlsPeer DescribeTlsPeer(const ssl_st* connection);

}  // namespace wherry::net
