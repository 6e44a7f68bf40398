#include "tools/nats_server/tls_names.h"

#include <algorithm>

namespace wherry::nats_server {
namespace {

constexpr std::string_view kCipherSuites[] = {"TLS_AES_128_GCM_SHA256",
                                              "TLS_AES_256_GCM_SHA384",
                                              "TLS_CHACHA20_POLY1305_SHA256",
                                              "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
                                              "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
                                              "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
                                              "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
                                              "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                                              "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                                              "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                                              "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                                              "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                                              "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"};

constexpr std::string_view kInsecureCipherSuites[] = {"TLS_RSA_WITH_RC4_128_SHA",
                                                      "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
                                                      "TLS_RSA_WITH_AES_128_CBC_SHA",
                                                      "TLS_RSA_WITH_AES_256_CBC_SHA",
                                                      "TLS_RSA_WITH_AES_128_CBC_SHA256",
                                                      "TLS_RSA_WITH_AES_128_GCM_SHA256",
                                                      "TLS_RSA_WITH_AES_256_GCM_SHA384",
                                                      "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
                                                      "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
                                                      "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
                                                      "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
                                                      "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"};

constexpr std::string_view kCurves[] = {
    "SecP384r1MLKEM1024", "SecP256r1MLKEM768", "X25519MLKEM768", "X25519",
    "CurveP256",          "CurveP384",         "CurveP521"};

bool Holds(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::span<const std::string_view> CipherSuites() { return kCipherSuites; }
std::span<const std::string_view> InsecureCipherSuites() { return kInsecureCipherSuites; }
std::span<const std::string_view> Curves() { return kCurves; }

bool IsCipherSuite(std::string_view name) {
  return Holds(kCipherSuites, name) || IsInsecureCipherSuite(name);
}
bool IsInsecureCipherSuite(std::string_view name) { return Holds(kInsecureCipherSuites, name); }
bool IsCurve(std::string_view name) { return Holds(kCurves, name); }

}  // namespace wherry::nats_server
