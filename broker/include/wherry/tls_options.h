#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace wherry {

// How connections of a listener are encrypted. Files are PEM and are read when the broker starts; a
// file that cannot be read, or a key that does not fit, fails the start with its name.
struct TlsOptions {
  std::string cert_file;  // the server's certificate, with its chain behind it
  std::string key_file;   // its private key
  std::string ca_file;    // who may sign clients' certificates; empty: the system's authorities

  // Clients must present a certificate that ca_file signed.
  bool verify = false;
  // And the certificate names the user: its e-mail, DNS and URI names, then its subject (RFC 2253),
  // then its common name are looked up among the users. Implies `verify`.
  bool verify_and_map = false;

  // From the connection to the end of the handshake; longer closes the connection.
  std::chrono::nanoseconds timeout = std::chrono::seconds(2);

  // NATS says INFO in the clear before the handshake, unless this is set.
  enum class HandshakeFirst {
    kNo,
    kAlways,
    kAuto,  // the handshake, if the client begins it within handshake_first_wait; else INFO
  };
  HandshakeFirst handshake_first = HandshakeFirst::kNo;
  std::chrono::nanoseconds handshake_first_wait = std::chrono::milliseconds(50);

  // "1.2" or "1.3"; empty: 1.2.
  std::string min_version;
  // IANA names such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384; empty: the defaults of the library.
  // TLS 1.3 has suites of its own: it keeps its defaults if none of them is named, and is spoken
  // alone if nothing else is.
  std::vector<std::string> cipher_suites;
  // "X25519", "CurveP256", ...; empty: the defaults of the library.
  std::vector<std::string> curve_preferences;
  // SHA-256 of a client certificate's public key (DER), in hexadecimal; not empty: only these.
  std::vector<std::string> pinned_certs;
  // Handshakes a second, more are refused; 0: no limit.
  int connection_rate_limit = 0;
};

}  // namespace wherry
