#include "tests/conformance/support/certificates.h"

#include <cstdio>
#include <cstdlib>

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

namespace wherry::conformance {

namespace {

constexpr long kDay = 24 * 60 * 60;

// A test that cannot make its certificates has nothing to say.
void Require(bool done) {
  if (!done) std::abort();
}

template <typename Write>
void WriteFile(const std::string& path, Write write) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  Require(file != nullptr);
  Require(write(file) == 1);
  Require(std::fclose(file) == 0);
}

}  // namespace

Certificate::Certificate()
    : certificate_(X509_new(), X509_free), key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
  X509* const certificate = certificate_.get();
  std::uint32_t serial = 0;
  Require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kDay);
  Require(X509_set_pubkey(certificate, key_.get()) == 1);
}

void Certificate::SetSubject(const Subject& subject) {
  X509_NAME* const name = X509_get_subject_name(certificate_.get());
  for (const auto& [type, value] : subject.parts) {
    Require(X509_NAME_add_entry_by_txt(name, type.c_str(), MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                                       -1, 0) == 1);
  }
}

void Certificate::Extend(int nid, const std::string& value, X509* issuer) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate_.get(), nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Require(extension != nullptr);
  Require(X509_add_ext(certificate_.get(), extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate Certificate::Authority(const std::string& name) {
  Certificate made;
  made.SetSubject({{{"O", "wherry tests"}, {"CN", name}}, ""});
  X509* const self = made.certificate_.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  made.Extend(NID_basic_constraints, "critical,CA:TRUE", self);
  made.Extend(NID_key_usage, "critical,keyCertSign", self);
  made.Extend(NID_subject_key_identifier, "hash", self);
  Require(X509_sign(self, made.key_.get(), EVP_sha256()) > 0);
  return made;
}

Certificate Certificate::Issue(const Subject& subject) const {
  Certificate made;
  made.SetSubject(subject);
  X509* const issued = made.certificate_.get();
  X509_set_issuer_name(issued, X509_get_subject_name(certificate_.get()));
  if (!subject.alternative_names.empty()) {
    made.Extend(NID_subject_alt_name, subject.alternative_names, certificate_.get());
  }
  made.Extend(NID_ext_key_usage, "serverAuth,clientAuth", certificate_.get());
  made.Extend(NID_authority_key_identifier, "keyid", certificate_.get());
  Require(X509_sign(issued, key_.get(), EVP_sha256()) > 0);
  return made;
}

void Certificate::WriteCertificate(const std::string& path) const {
  WriteFile(path, [&](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

void Certificate::WriteKey(const std::string& path) const {
  WriteFile(path, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void Certificate::WriteEncryptedKey(const std::string& path) const {
  WriteFile(path, [&](std::FILE* file) {
    return PEM_write_PKCS8PrivateKey(file, key_.get(), EVP_aes_128_cbc(), "secret", 6, nullptr,
                                     nullptr);
  });
}

std::string Certificate::PublicKeySha256() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  Require(size > 0);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(size), digest);
  OPENSSL_free(der);
  std::string hex;
  for (const unsigned char byte : digest) {
    static constexpr char kDigits[] = "0123456789abcdef";
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

TlsFiles::TlsFiles(const std::string& folder)
    : ca(folder + "/ca.pem"),
      server(folder + "/server.pem"),
      server_key(folder + "/server.key"),
      client(folder + "/client.pem"),
      client_key(folder + "/client.key"),
      stranger(folder + "/stranger.pem"),
      stranger_key(folder + "/stranger.key") {
  const Certificate authority = Certificate::Authority("authority");
  const Certificate of_server =
      authority.Issue({{{"CN", "localhost"}}, "DNS:localhost,IP:127.0.0.1"});
  const Certificate of_client = authority.Issue({{{"O", "wherry"}, {"CN", "ann"}}, ""});
  const Certificate of_stranger = Certificate::Authority("elsewhere").Issue({{{"CN", "eve"}}, ""});
  authority.WriteCertificate(ca);
  of_server.WriteCertificate(server);
  of_server.WriteKey(server_key);
  of_client.WriteCertificate(client);
  of_client.WriteKey(client_key);
  of_stranger.WriteCertificate(stranger);
  of_stranger.WriteKey(stranger_key);
  client_public_key_sha256 = of_client.PublicKeySha256();
}

}  // namespace wherry::conformance
