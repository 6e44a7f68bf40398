// The block `tls`, and whether its files can be used.
#include <algorithm>
#include <map>
#include <memory>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tools/nats_server/config_reading.h"
#include "tools/nats_server/tls_names.h"

namespace wherry::nats_server {
namespace {

// What a block asks for beside the options themselves.
struct TlsBlock {
  TlsOptions tls;
  bool allow_insecure = false;
  std::vector<std::string> insecure;  // of the cipher suites that were named
};

// Reads one key; false: the block cannot be used, and the error says why.
using TlsKeyReader = bool (*)(ConfigReading&, const std::string& key, const ConfigValue&,
                              TlsBlock&);

bool Fail(ConfigReading& reading, const ConfigValue& at, const std::string& why) {
  reading.Error(at, why);
  return false;
}

template <auto kMember>
bool ReadFileName(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                  TlsBlock& block) {
  if (value.AsString() == nullptr)
    return Fail(reading, value,
                "error parsing tls config, expected '" + Lowered(key) + "' to be filename");
  block.tls.*kMember = *value.AsString();
  return true;
}

bool TakeFlag(ConfigReading& reading, const std::string& key, const ConfigValue& value,
              bool& flag) {
  if (value.AsBool() == nullptr)
    return Fail(reading, value,
                "error parsing tls config, expected '" + Lowered(key) + "' to be a boolean");
  flag = *value.AsBool();
  return true;
}

bool ReadVerify(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                TlsBlock& block) {
  return TakeFlag(reading, key, value, block.tls.verify);
}

bool ReadVerifyAndMap(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                      TlsBlock& block) {
  if (!TakeFlag(reading, key, value, block.tls.verify_and_map)) return false;
  if (block.tls.verify_and_map) block.tls.verify = true;
  return true;
}

bool ReadCheckKnownUrls(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                        TlsBlock&) {
  bool check = false;
  if (!TakeFlag(reading, key, value, check)) return false;
  return !check ||
         Fail(reading, value, "verify_cert_and_check_known_urls not supported in this context");
}

// Whether a client checks its server, which a server does not ask.
bool ReadInsecure(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                  TlsBlock&) {
  bool insecure = false;
  return TakeFlag(reading, key, value, insecure);
}

bool ReadAllowInsecure(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                       TlsBlock& block) {
  return TakeFlag(reading, key, value, block.allow_insecure);
}

// The texts of a list that must not be empty.
bool TakeNames(ConfigReading& reading, const std::string& key, const ConfigValue& value,
               std::vector<const ConfigValue*>& names) {
  if (value.AsArray() == nullptr) return reading.WrongType(value, "[]interface {}");
  if (value.AsArray()->empty())
    return Fail(reading, value, "error parsing tls config, '" + Lowered(key) + "' cannot be empty");
  for (const ConfigValue& name : *value.AsArray()) {
    if (name.AsString() == nullptr) return reading.WrongType(name, "string");
    names.push_back(&name);
  }
  return true;
}

bool ReadCiphers(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                 TlsBlock& block) {
  std::vector<const ConfigValue*> names;
  if (!TakeNames(reading, key, value, names)) return false;
  block.tls.cipher_suites.clear();
  for (const ConfigValue* name : names) {
    const std::string& suite = *name->AsString();
    if (!IsCipherSuite(suite)) return Fail(reading, *name, "unrecognized cipher " + suite);
    block.tls.cipher_suites.push_back(suite);
    if (IsInsecureCipherSuite(suite)) block.insecure.push_back(suite);
  }
  return true;
}

bool ReadCurves(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                TlsBlock& block) {
  std::vector<const ConfigValue*> names;
  if (!TakeNames(reading, key, value, names)) return false;
  block.tls.curve_preferences.clear();
  for (const ConfigValue* name : names) {
    if (!IsCurve(*name->AsString()))
      return Fail(reading, *name, "unrecognized curve preference " + *name->AsString());
    block.tls.curve_preferences.push_back(*name->AsString());
  }
  return true;
}

bool ReadTimeout(ConfigReading& reading, const std::string&, const ConfigValue& value,
                 TlsBlock& block) {
  double seconds = 0;
  if (!reading.TakeSeconds(value, "error parsing tls config, 'timeout' ", seconds)) return false;
  if (seconds != 0) block.tls.timeout = FromSeconds(seconds);
  return true;
}

bool ReadRateLimit(ConfigReading& reading, const std::string&, const ConfigValue& value,
                   TlsBlock& block) {
  if (value.AsInteger() == nullptr)
    return Fail(reading, value, "error parsing tls config, 'connection_rate_limit' wrong type");
  block.tls.connection_rate_limit =
      static_cast<int>(std::clamp<std::int64_t>(*value.AsInteger(), 0, INT32_MAX));
  return true;
}

bool ReadPinnedCerts(ConfigReading& reading, const std::string&, const ConfigValue& value,
                     TlsBlock& block) {
  if (value.AsArray() == nullptr)
    return Fail(reading, value,
                "error parsing tls config, expected 'pinned_certs' to be a list of hex-encoded "
                "sha256 of DER encoded SubjectPublicKeyInfo");
  for (const ConfigValue& entry : *value.AsArray()) {
    if (entry.AsString() == nullptr) return reading.WrongType(entry, "string");
    const std::string hash = Lowered(*entry.AsString());
    if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos)
      return Fail(reading, entry,
                  "error parsing tls config, 'pinned_certs' key " + hash +
                      " does not look like hex-encoded sha256 of DER encoded "
                      "SubjectPublicKeyInfo");
    block.tls.pinned_certs.push_back(hash);
  }
  return true;
}

bool ReadHandshakeFirst(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                        TlsBlock& block) {
  using First = TlsOptions::HandshakeFirst;
  TlsOptions& tls = block.tls;
  if (value.AsBool() != nullptr) {
    tls.handshake_first = *value.AsBool() ? First::kAlways : First::kNo;
    return true;
  }
  if (value.AsString() == nullptr)
    return Fail(
        reading, value,
        "field " + Quoted(key) + " should be a boolean or a string, got " + TypeName(value));
  const std::string word = Lowered(*value.AsString());
  if (word == "true" || word == "on") {
    tls.handshake_first = First::kAlways;
  } else if (word == "false" || word == "off") {
    tls.handshake_first = First::kNo;
  } else if (word == "auto" || word == "auto_fallback") {
    tls.handshake_first = First::kAuto;
  } else {
    const StatusOr<std::chrono::nanoseconds> wait = ParseDuration(*value.AsString());
    if (!wait.ok())
      return Fail(reading, value,
                  "field " + Quoted(key) + "'s value " + Quoted(*value.AsString()) + " is invalid");
    tls.handshake_first = wait->count() == 0 ? First::kAlways : First::kAuto;
    tls.handshake_first_wait = *wait;
  }
  return true;
}

bool ReadMinVersion(ConfigReading& reading, const std::string&, const ConfigValue& value,
                    TlsBlock& block) {
  const std::string what = "error parsing tls config: ";
  if (value.AsString() == nullptr)
    return Fail(reading, value, what + "'min_version' wrong type: " + Shown(value));
  const std::string& version = *value.AsString();
  if (version == "1.0" || version == "1.1")
    return Fail(reading, value, what + "unsupported TLS version: TLS " + version);
  if (version != "1.2" && version != "1.3")
    return Fail(reading, value, what + "unknown version: " + version);
  block.tls.min_version = version;
  return true;
}

// One pair of files may also be written as a list of one.
bool ReadCertificates(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                      TlsBlock& block) {
  const std::string what = "error parsing certificates config: ";
  if (value.AsArray() == nullptr)
    return Fail(reading, value, what + "unsupported type " + TypeName(value));
  for (const ConfigValue& entry : *value.AsArray()) {
    if (entry.AsMap() == nullptr)
      return Fail(reading, entry, what + "unsupported type " + TypeName(entry));
    std::string cert_file;
    std::string key_file;
    const ConfigValue* last = &entry;
    for (const auto* pair : InOrder(*entry.AsMap())) {
      const auto& [name, file] = *pair;
      last = &file;
      if (file.AsString() == nullptr)
        return Fail(reading, file, what + "unsupported type " + TypeName(file));
      if (name != "cert_file" && name != "key_file")
        return Fail(reading, file, "error parsing tls certs config, unknown field " + Quoted(name));
      (name == "cert_file" ? cert_file : key_file) = *file.AsString();
    }
    if (cert_file.empty() || key_file.empty())
      return Fail(reading, *last, what + "both 'cert_file' and 'cert_key' options are required");
    if (!block.tls.cert_file.empty()) {
      reading.Refuse(value, key, "several certificates on one listener");
      return false;
    }
    block.tls.cert_file = cert_file;
    block.tls.key_file = key_file;
  }
  return true;
}

template <const char* const& kWhat>
bool RefuseKey(ConfigReading& reading, const std::string& key, const ConfigValue& value,
               TlsBlock&) {
  if (SwitchedOff(value)) return true;
  reading.Refuse(value, key, kWhat);
  return false;
}
constexpr const char* kCertStore = "certificate stores, which are Windows' alone,";
constexpr const char* kOcsp = "OCSP";

const std::map<std::string_view, TlsKeyReader> kTlsKeys = {
    {"cert_file", ReadFileName<&TlsOptions::cert_file>},
    {"key_file", ReadFileName<&TlsOptions::key_file>},
    {"ca_file", ReadFileName<&TlsOptions::ca_file>},
    {"insecure", ReadInsecure},
    {"verify", ReadVerify},
    {"verify_and_map", ReadVerifyAndMap},
    {"verify_cert_and_check_known_urls", ReadCheckKnownUrls},
    {"allow_insecure_cipher_suites", ReadAllowInsecure},
    {"cipher_suites", ReadCiphers},
    {"curve_preferences", ReadCurves},
    {"timeout", ReadTimeout},
    {"connection_rate_limit", ReadRateLimit},
    {"pinned_certs", ReadPinnedCerts},
    {"cert_store", RefuseKey<kCertStore>},
    {"cert_match_by", RefuseKey<kCertStore>},
    {"cert_match", RefuseKey<kCertStore>},
    {"ca_certs_match", RefuseKey<kCertStore>},
    {"cert_match_skip_invalid", RefuseKey<kCertStore>},
    {"handshake_first", ReadHandshakeFirst},
    {"first", ReadHandshakeFirst},
    {"immediate", ReadHandshakeFirst},
    {"ocsp_peer", RefuseKey<kOcsp>},
    {"certs", ReadCertificates},
    {"certificates", ReadCertificates},
    {"min_version", ReadMinVersion}};

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

BioPtr Memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string PairProblem(const std::string& certificates, const std::string& key) {
  const CertificatePtr certificate(
      PEM_read_bio_X509(Memory(certificates).get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return "tls: failed to find any PEM data in certificate input";
  // A key that needs a password would ask for it at a terminal; an empty one is wrong at once.
  const KeyPtr private_key(PEM_read_bio_PrivateKey(
      Memory(key).get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
  if (private_key == nullptr) return "tls: failed to find any PEM data in key input";
  if (X509_check_private_key(certificate.get(), private_key.get()) != 1)
    return "tls: private key does not match public key";
  return "";
}

}  // namespace

std::string TlsFilesProblem(const TlsOptions& tls, const FileReader& read_file) {
  const std::string what = "error parsing X509 certificate/key pair: ";
  if (tls.cert_file.empty() != tls.key_file.empty())
    return std::string("missing '") + (tls.key_file.empty() ? "key_file" : "cert_file") +
           "' in TLS configuration";
  if (!tls.cert_file.empty()) {
    const StatusOr<std::string> certificate = read_file(tls.cert_file);
    if (!certificate.ok()) return what + certificate.status().message();
    const StatusOr<std::string> key = read_file(tls.key_file);
    if (!key.ok()) return what + key.status().message();
    if (const std::string problem = PairProblem(*certificate, *key); !problem.empty())
      return what + problem;
  }
  if (tls.ca_file.empty()) return "";
  const StatusOr<std::string> authorities = read_file(tls.ca_file);
  if (!authorities.ok()) return authorities.status().message();
  const CertificatePtr authority(
      PEM_read_bio_X509(Memory(*authorities).get(), nullptr, nullptr, nullptr));
  return authority == nullptr ? "failed to parse root ca certificate" : "";
}

void ReadTls(ConfigReading& reading, const ConfigValue& value) {
  const ConfigMap* map = reading.TakeMap(value);
  if (map == nullptr) return;
  TlsBlock block;
  for (const auto* entry : InOrder(*map)) {
    const auto& [key, setting] = *entry;
    const auto reader = kTlsKeys.find(Lowered(key));
    if (reader == kTlsKeys.end())
      return reading.Error(setting, "error parsing tls config, unknown field " + Quoted(key));
    if (!reader->second(reading, key, setting, block)) return;
  }
  if (!block.allow_insecure && !block.insecure.empty()) {
    std::string names;
    for (const std::string& name : block.insecure) names += (names.empty() ? "" : ", ") + name;
    return reading.Error(value,
                         "insecure cipher suites configured without "
                         "'allow_insecure_cipher_suites' option set: " +
                             names);
  }
  if (const std::string problem = TlsFilesProblem(block.tls, reading.read_file); !problem.empty())
    return reading.Error(value, problem);
  reading.settings.nats.tls = block.tls;
}

}  // namespace wherry::nats_server
