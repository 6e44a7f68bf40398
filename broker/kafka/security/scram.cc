#include "broker/kafka/security/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "absl/strings/escaping.h"

namespace wherry::kafka {

namespace {

constexpr std::size_t kRandomBytes = 24;

const EVP_MD* HashOf(ScramMechanism mechanism) {
  return mechanism == ScramMechanism::kSha256 ? EVP_sha256() : EVP_sha512();
}

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string Mac(ScramMechanism mechanism, std::string_view key, std::string_view message) {
  std::string mac(ScramHashSize(mechanism), '\0');
  unsigned int size = 0;
  HMAC(HashOf(mechanism), key.data(), static_cast<int>(key.size()), Unsigned(message),
       message.size(), reinterpret_cast<unsigned char*>(mac.data()), &size);
  return mac;
}

std::string Hash(ScramMechanism mechanism, std::string_view message) {
  std::string hash(ScramHashSize(mechanism), '\0');
  unsigned int size = 0;
  EVP_Digest(message.data(), message.size(), reinterpret_cast<unsigned char*>(hash.data()), &size,
             HashOf(mechanism), nullptr);
  return hash;
}

std::string RandomBytes() {
  std::string bytes(kRandomBytes, '\0');
  // It fails only where the system has no source of randomness: then nothing may be told from it.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kRandomBytes) != 1) std::abort();
  return bytes;
}

}  // namespace

const char* ScramMechanismName(ScramMechanism mechanism) {
  return mechanism == ScramMechanism::kSha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
}

std::optional<ScramMechanism> FindScramMechanism(std::string_view name) {
  for (const auto mechanism : {ScramMechanism::kSha256, ScramMechanism::kSha512}) {
    if (name == ScramMechanismName(mechanism)) return mechanism;
  }
  return std::nullopt;
}

std::optional<ScramMechanism> FindScramMechanism(std::int8_t number) {
  for (const auto mechanism : {ScramMechanism::kSha256, ScramMechanism::kSha512}) {
    if (number == static_cast<std::int8_t>(mechanism)) return mechanism;
  }
  return std::nullopt;
}

std::size_t ScramHashSize(ScramMechanism mechanism) {
  return mechanism == ScramMechanism::kSha256 ? 32 : 64;
}

ScramCredential ScramCredential::OfPassword(ScramMechanism mechanism, std::string_view password,
                                            std::string_view salt, std::int32_t iterations) {
  std::string salted(ScramHashSize(mechanism), '\0');
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), Unsigned(salt),
                    static_cast<int>(salt.size()), iterations, HashOf(mechanism),
                    static_cast<int>(salted.size()),
                    reinterpret_cast<unsigned char*>(salted.data()));
  return OfSaltedPassword(mechanism, salted, salt, iterations);
}

ScramCredential ScramCredential::OfSaltedPassword(ScramMechanism mechanism,
                                                  std::string_view salted_password,
                                                  std::string_view salt, std::int32_t iterations) {
  ScramCredential credential;
  credential.salt = salt;
  credential.stored_key = Hash(mechanism, Mac(mechanism, salted_password, "Client Key"));
  credential.server_key = Mac(mechanism, salted_password, "Server Key");
  credential.iterations = iterations;
  return credential;
}

bool ScramCredential::Proves(ScramMechanism mechanism, std::string_view messages,
                             std::string_view proof) const {
  std::string client_key = Mac(mechanism, stored_key, messages);
  if (proof.size() != client_key.size()) return false;
  for (std::size_t i = 0; i < proof.size(); ++i) {
    client_key[i] = static_cast<char>(client_key[i] ^ proof[i]);
  }
  const std::string hashed = Hash(mechanism, client_key);
  return hashed.size() == stored_key.size() &&
         CRYPTO_memcmp(hashed.data(), stored_key.data(), hashed.size()) == 0;
}

std::string ScramCredential::Signature(ScramMechanism mechanism, std::string_view messages) const {
  return Mac(mechanism, server_key, messages);
}

std::string RandomSalt() { return RandomBytes(); }

std::string RandomNonce() { return absl::WebSafeBase64Escape(RandomBytes()); }

}  // namespace wherry::kafka
