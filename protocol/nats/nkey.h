#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::nats {

// Whose a public nkey is. The value is the byte that its text begins with: 5 bits of it are the
// first letter.
enum class NkeyKind : std::uint8_t {
  kAccount = 0 << 3,    // A
  kCluster = 2 << 3,    // C
  kServer = 13 << 3,    // N
  kOperator = 14 << 3,  // O
  kUser = 20 << 3,      // U
  kCurve = 23 << 3,     // X: for X25519, signs nothing
};

// A public nkey: an Ed25519 key and whose it is. As text 56 letters and digits: base32 without
// padding of the kind, the 32 bytes of the key, and their CRC-16 (XMODEM, low byte first).
struct Nkey {
  NkeyKind kind = NkeyKind::kUser;
  std::array<unsigned char, 32> key{};

  friend bool operator==(const Nkey&, const Nkey&) = default;
};

// nullopt: not the text of a public nkey (a seed, "S...", is none).
std::optional<Nkey> DecodeNkey(std::string_view text);
std::string EncodeNkey(const Nkey& nkey);

using Signature = std::array<unsigned char, 64>;

// Reads CONNECT's `sig`: base64 of the URL alphabet without padding, or of the standard alphabet
// with padding. nullopt: neither, or not 64 bytes.
std::optional<Signature> DecodeSignature(std::string_view text);

// Whether `signature` was made over `message` by whoever holds the nkey's seed.
bool VerifySignature(const Nkey& nkey, std::string_view message, const Signature& signature);

}  // namespace wherry::nats
