#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/runtime/clock.h"

struct ssl_ctx_st;

namespace wherry::net {

// How the connections of a listener are encrypted. Names and defaults as in wherry::TlsOptions.
struct TlsSettings {
  std::string cert_file;
  std::string key_file;
  std::string ca_file;
  bool verify = false;
  bool verify_if_shown = false;  // a client need not show a certificate
  runtime::Duration timeout = std::chrono::seconds(2);
  std::string min_version;
  std::vector<std::string> cipher_suites;
  std::vector<std::string> curve_preferences;
  std::vector<std::string> pinned_certs;
  int connection_rate_limit = 0;
};

// The certificate, the key and the rules of one listener's TLS, read once at the start.
// Threads: any, after Load. Owned by the composition root; outlives its connections.
class TlsAcceptor {
 public:
  // kInvalidArgument, with the option's name, the file and the reason.
  static absl::StatusOr<std::shared_ptr<TlsAcceptor>> Load(const TlsSettings& settings);
  ~TlsAcceptor();
  TlsAcceptor(const TlsAcceptor&) = delete;
  TlsAcceptor& operator=(const TlsAcceptor&) = delete;

  // Counts a handshake that is about to begin; false: connection_rate_limit is reached for now.
  bool AllowHandshake(runtime::Instant now);
  // Whether the SHA-256 of a public key, in lower-case hexadecimal, is one of pinned_certs.
  bool IsPinned(std::string_view public_key_sha256) const;

  const TlsSettings& settings() const { return settings_; }
  ssl_ctx_st* handle() const { return handle_; }

 private:
  explicit TlsAcceptor(const TlsSettings& settings);
  absl::Status Configure();
  absl::Status UseCertificate();
  absl::Status UseAuthorities();
  absl::Status UseMinVersion();
  absl::Status UseCipherSuites();
  absl::Status UseCurves();
  absl::Status UsePins();

  TlsSettings settings_;
  ssl_ctx_st* const handle_;

  std::mutex rate_mutex_;
  runtime::Instant second_ends_{};
  int handshakes_in_second_ = 0;
};

}  // namespace wherry::net
