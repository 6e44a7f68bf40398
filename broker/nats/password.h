#pragma once

#include <string>
#include <string_view>

namespace wherry::nats {

// Compares in a time that depends on the size of `given` alone, not on where the two differ.
bool SecretEquals(std::string_view given, std::string_view secret);

// Whether a configured password or token is a bcrypt hash: begins like "$2a$11$", whatever follows.
// Such a one that is no hash after all matches nothing.
bool IsBcrypt(std::string_view secret);

// Whether `given` is what the bcrypt hash was made of. Takes what the hash's cost says, from 1 ms
// (cost 4) over 0.1 s (10) to minutes: never on a shard.
bool BcryptMatches(std::string_view given, std::string_view hash);

// One password to be checked against one hash, to be carried to another thread.
struct PasswordCheck {
  std::string given;
  std::string hash;

  bool Run() const { return BcryptMatches(given, hash); }
};

}  // namespace wherry::nats
