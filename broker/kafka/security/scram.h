#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::kafka {

// The hash functions of SCRAM that Kafka knows, by the numbers that it gives them (KIP-554).
enum class ScramMechanism : std::int8_t { kSha256 = 1, kSha512 = 2 };

const char* ScramMechanismName(ScramMechanism mechanism);  // "SCRAM-SHA-256"
// nullopt: neither of the two.
std::optional<ScramMechanism> FindScramMechanism(std::string_view name);
std::optional<ScramMechanism> FindScramMechanism(std::int8_t number);
std::size_t ScramHashSize(ScramMechanism mechanism);

// What a broker keeps of a password: enough to check a client, too little to be one. A value.
struct ScramCredential {
  // Fewer are too weak; more, as Kafka has it, would let a client be worn down.
  static constexpr std::int32_t kMinIterations = 4096;
  static constexpr std::int32_t kMaxIterations = 16384;

  std::string salt;
  std::string stored_key;
  std::string server_key;
  std::int32_t iterations = kMinIterations;

  bool operator==(const ScramCredential&) const = default;

  // Milliseconds of work: `iterations` hashes.
  static ScramCredential OfPassword(ScramMechanism mechanism, std::string_view password,
                                    std::string_view salt, std::int32_t iterations);
  // From the hash of those iterations, which the client has worked out.
  static ScramCredential OfSaltedPassword(ScramMechanism mechanism,
                                          std::string_view salted_password, std::string_view salt,
                                          std::int32_t iterations);

  // Whether a client that has signed `messages` (client first, server first and client final, with
  // commas between them) with this proof knows the password. Takes the same time for every proof.
  bool Proves(ScramMechanism mechanism, std::string_view messages, std::string_view proof) const;
  // By which the client knows that we know it too.
  std::string Signature(ScramMechanism mechanism, std::string_view messages) const;
};

// Bytes for a salt or, as visible text, a nonce, that nobody can guess.
std::string RandomSalt();
std::string RandomNonce();

}  // namespace wherry::kafka
