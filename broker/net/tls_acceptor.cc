#include "broker/net/tls_acceptor.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace wherry::net {

namespace {

// More than any bundle of certificates needs (the system's has a quarter of a MiB).
constexpr std::size_t kMaxPemFile = 4 * 1024 * 1024;
constexpr std::size_t kSha256HexSize = 64;

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// OpenSSL would ask at the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

std::string TakeReason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "not understood";
}

absl::Status Wrong(std::string_view option, std::string_view value, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("tls.", std::string(option), " \"",
                                                 std::string(value), "\": ", std::string(reason)));
}

// The whole file, as a source of PEM.
absl::StatusOr<std::string> ReadPem(std::string_view option, const std::string& path) {
  const Owned<std::FILE> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return Wrong(option, path, std::strerror(errno));
  std::string content(kMaxPemFile + 1, '\0');
  errno = 0;
  content.resize(std::fread(content.data(), 1, content.size(), file.get()));
  if (std::ferror(file.get()) != 0) return Wrong(option, path, std::strerror(errno));
  if (content.size() > kMaxPemFile) {
    return Wrong(option, path, absl::StrCat("is larger than ", kMaxPemFile, " bytes"));
  }
  return content;
}

Owned<BIO> Source(const std::string& content) {
  return Owned<BIO>(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
}

// All certificates of a PEM file, at least one.
absl::StatusOr<std::vector<Owned<X509>>> ReadCertificates(std::string_view option,
                                                          const std::string& path) {
  const absl::StatusOr<std::string> content = ReadPem(option, path);
  if (!content.ok()) return content.status();
  const Owned<BIO> source = Source(*content);
  std::vector<Owned<X509>> certificates;
  ERR_clear_error();
  while (true) {
    X509* const certificate = PEM_read_bio_X509(source.get(), nullptr, NoPassphrase, nullptr);
    if (certificate == nullptr) break;
    certificates.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = TakeReason();
  if (!at_end) return Wrong(option, path, absl::StrCat("no certificate in PEM: ", reason));
  if (certificates.empty()) return Wrong(option, path, "has no certificate in PEM");
  return certificates;
}

std::string OpenSslCurve(const std::string& name) {
  if (name == "CurveP256") return "P-256";
  if (name == "CurveP384") return "P-384";
  if (name == "CurveP521") return "P-521";
  return name;
}

}  // namespace

TlsAcceptor::TlsAcceptor(const TlsSettings& settings)
    : settings_(settings), handle_(SSL_CTX_new(TLS_server_method())) {}

TlsAcceptor::~TlsAcceptor() { SSL_CTX_free(handle_); }

absl::StatusOr<std::shared_ptr<TlsAcceptor>> TlsAcceptor::Load(const TlsSettings& settings) {
  std::shared_ptr<TlsAcceptor> acceptor(new TlsAcceptor(settings));
  if (acceptor->handle_ == nullptr) {
    return absl::InternalError(absl::StrCat("OpenSSL does not start: ", TakeReason()));
  }
  if (absl::Status status = acceptor->Configure(); !status.ok()) return status;
  return acceptor;
}

absl::Status TlsAcceptor::Configure() {
  // An idle connection keeps no record buffers. Sessions live in tickets, not in our memory.
  SSL_CTX_set_mode(handle_, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(handle_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(handle_, 1);
  SSL_CTX_set_options(handle_, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_default_passwd_cb(handle_, NoPassphrase);
  static constexpr unsigned char kSessionContext[] = "wherry";
  SSL_CTX_set_session_id_context(handle_, kSessionContext, sizeof(kSessionContext) - 1);
  if (settings_.timeout <= runtime::Duration::zero()) {
    return absl::InvalidArgumentError("tls.timeout must be above 0");
  }
  if (settings_.connection_rate_limit < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tls.connection_rate_limit is ", settings_.connection_rate_limit, "; 0 means no limit"));
  }
  for (absl::Status (TlsAcceptor::*const step)() :
       {&TlsAcceptor::UseMinVersion, &TlsAcceptor::UseCipherSuites, &TlsAcceptor::UseCurves,
        &TlsAcceptor::UsePins, &TlsAcceptor::UseCertificate, &TlsAcceptor::UseAuthorities}) {
    if (absl::Status status = (this->*step)(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status TlsAcceptor::UseCertificate() {
  if (settings_.cert_file.empty() || settings_.key_file.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tls.", settings_.cert_file.empty() ? "cert_file" : "key_file",
                     " is missing: TLS needs a certificate and its private key"));
  }
  const auto certificates = ReadCertificates("cert_file", settings_.cert_file);
  if (!certificates.ok()) return certificates.status();
  for (std::size_t i = 0; i < certificates->size(); ++i) {
    X509* const certificate = (*certificates)[i].get();
    const bool used = i == 0 ? SSL_CTX_use_certificate(handle_, certificate) == 1
                             : SSL_CTX_add1_chain_cert(handle_, certificate) == 1;
    if (!used) return Wrong("cert_file", settings_.cert_file, TakeReason());
  }

  const absl::StatusOr<std::string> pem = ReadPem("key_file", settings_.key_file);
  if (!pem.ok()) return pem.status();
  const Owned<BIO> source = Source(*pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(source.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return Wrong("key_file", settings_.key_file,
                 absl::StrCat("no private key in PEM without a passphrase: ", TakeReason()));
  }
  // Compared before it is used: SSL_CTX_use_PrivateKey would drop a certificate that does not fit.
  if (X509_check_private_key((*certificates)[0].get(), key.get()) != 1) {
    ERR_clear_error();
    return Wrong("key_file", settings_.key_file,
                 absl::StrCat("is not the key of the certificate in \"", settings_.cert_file,
                              "\"; name the key that belongs to it"));
  }
  if (SSL_CTX_use_PrivateKey(handle_, key.get()) != 1) {
    return Wrong("key_file", settings_.key_file, TakeReason());
  }
  return absl::OkStatus();
}

absl::Status TlsAcceptor::UseAuthorities() {
  const bool asks = settings_.verify || settings_.verify_if_shown;
  if (!settings_.ca_file.empty()) {
    const auto certificates = ReadCertificates("ca_file", settings_.ca_file);
    if (!certificates.ok()) return certificates.status();
    X509_STORE* const store = SSL_CTX_get_cert_store(handle_);
    for (const Owned<X509>& certificate : *certificates) {
      if (X509_STORE_add_cert(store, certificate.get()) != 1) {
        return Wrong("ca_file", settings_.ca_file, TakeReason());
      }
      // Named to the client, which then knows which of its certificates to show.
      if (asks) SSL_CTX_add_client_CA(handle_, certificate.get());
    }
  } else if (asks && SSL_CTX_set_default_verify_paths(handle_) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tls.verify without ca_file needs the system's certificate authorities: ", TakeReason()));
  }
  if (asks) {
    SSL_CTX_set_verify(
        handle_, SSL_VERIFY_PEER | (settings_.verify ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
  }
  return absl::OkStatus();
}

absl::Status TlsAcceptor::UseMinVersion() {
  const std::string& text = settings_.min_version;
  if (!text.empty() && text != "1.2" && text != "1.3") {
    return Wrong("min_version", text, "must be 1.2 or 1.3");
  }
  SSL_CTX_set_min_proto_version(handle_, text == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  return absl::OkStatus();
}

// TLS 1.3 has suites of its own; a list that names none of them leaves it at its defaults, and a
// list of nothing else leaves TLS 1.2 without any: then 1.3 alone is spoken.
absl::Status TlsAcceptor::UseCipherSuites() {
  std::vector<std::string> tls12, tls13;
  for (const std::string& name : settings_.cipher_suites) {
    const std::string ours = OPENSSL_cipher_name(name.c_str());
    // The names of 1.3's suites are the same in both worlds.
    const bool is_tls13 = ours == name && ours.starts_with("TLS_");
    const bool known = is_tls13 ? SSL_CTX_set_ciphersuites(handle_, ours.c_str()) == 1
                                : SSL_CTX_set_cipher_list(handle_, ours.c_str()) == 1;
    if (!known) {
      ERR_clear_error();
      return Wrong("cipher_suites", name,
                   "the installed OpenSSL has no such suite; IANA names are meant, such as "
                   "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
    }
    (is_tls13 ? tls13 : tls12).push_back(ours);
  }
  if (!tls13.empty()) SSL_CTX_set_ciphersuites(handle_, absl::StrJoin(tls13, ":").c_str());
  if (!tls12.empty()) SSL_CTX_set_cipher_list(handle_, absl::StrJoin(tls12, ":").c_str());
  if (!tls13.empty() && tls12.empty()) SSL_CTX_set_min_proto_version(handle_, TLS1_3_VERSION);
  return absl::OkStatus();
}

absl::Status TlsAcceptor::UseCurves() {
  std::vector<std::string> curves;
  for (const std::string& name : settings_.curve_preferences) {
    const std::string ours = OpenSslCurve(name);
    if (ours.find(':') != std::string::npos || ours.empty() ||
        SSL_CTX_set1_groups_list(handle_, ours.c_str()) != 1) {
      ERR_clear_error();
      return Wrong("curve_preferences", name,
                   "the installed OpenSSL has no such curve; X25519, CurveP256, CurveP384 and "
                   "CurveP521 are usual");
    }
    curves.push_back(ours);
  }
  if (!curves.empty()) SSL_CTX_set1_groups_list(handle_, absl::StrJoin(curves, ":").c_str());
  return absl::OkStatus();
}

absl::Status TlsAcceptor::UsePins() {
  for (std::string& pin : settings_.pinned_certs) {
    absl::AsciiStrToLower(&pin);
    if (pin.size() != kSha256HexSize ||
        pin.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return Wrong("pinned_certs", pin,
                   "must be the SHA-256 of a public key: 64 hexadecimal digits");
    }
  }
  return absl::OkStatus();
}

bool TlsAcceptor::AllowHandshake(runtime::Instant now) {
  if (settings_.connection_rate_limit == 0) return true;
  const std::lock_guard<std::mutex> lock(rate_mutex_);
  if (now > second_ends_) {
    second_ends_ = now + std::chrono::seconds(1);
    handshakes_in_second_ = 0;
  }
  if (handshakes_in_second_ >= settings_.connection_rate_limit) return false;
  ++handshakes_in_second_;
  return true;
}

bool TlsAcceptor::IsPinned(std::string_view public_key_sha256) const {
  for (const std::string& pin : settings_.pinned_certs) {
    if (pin == public_key_sha256) return true;
  }
  return false;
}

}  // namespace wherry::net
