#include "broker/nats/password.h"

#include <memory>

#include <crypt.h>

namespace wherry::nats {

namespace {

constexpr std::size_t kBcryptSize = 60;     // "$2b$", two digits, "$", salt, hash
constexpr std::size_t kVariantAt = 2;       // a, b, x, y
constexpr std::size_t kSaltAt = 7;          // after the cost
constexpr std::size_t kMaxGivenBytes = 72;  // bcrypt looks at no more

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool SecretEquals(std::string_view given, std::string_view secret) {
  unsigned char difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i] ^ (secret.empty() ? 0 : secret[i % secret.size()]));
  }
  return difference == 0;
}

bool IsBcrypt(std::string_view secret) {
  return secret.size() >= kSaltAt && secret.starts_with("$2") &&
         std::string_view("abxy").find(secret[kVariantAt]) != std::string_view::npos &&
         secret[3] == '$' && IsDigit(secret[4]) && IsDigit(secret[5]) && secret[6] == '$';
}

bool BcryptMatches(std::string_view given, std::string_view hash) {
  if (!IsBcrypt(hash) || hash.size() != kBcryptSize) return false;
  // crypt ends at a zero byte: what follows one would be let through unread.
  if (given.find('\0') != std::string_view::npos) return false;
  // The letter tells which early implementation's faults a hash may have. nats-server ignores it
  // and computes what "b" stands for, so hashes that work there work here.
  std::string setting(hash);
  setting[kVariantAt] = 'b';
  const std::string key(given.substr(0, kMaxGivenBytes));
  const auto scratch = std::make_unique<crypt_data>();  // 32 KiB
  // Not crypt_r: AddressSanitizer stands before that one, and looks for it in a shared library.
  const char* const computed =
      crypt_rn(key.c_str(), setting.c_str(), scratch.get(), sizeof(crypt_data));
  return computed != nullptr && SecretEquals(computed, setting);
}

}  // namespace wherry::nats
