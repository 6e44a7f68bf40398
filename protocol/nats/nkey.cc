#include "protocol/nats/nkey.h"

#include <algorithm>
#include <memory>

#include <openssl/evp.h>

#include "protocol/nats/base64.h"

namespace wherry::nats {

namespace {

constexpr std::size_t kTextSize = 56;
constexpr std::size_t kRawSize = 1 + 32 + 2;
constexpr char kBase32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

using Raw = std::array<unsigned char, kRawSize>;
static_assert(kTextSize * 5 == kRawSize * 8);

// CRC-16/XMODEM of everything before the last two bytes.
std::uint16_t Checksum(const Raw& raw) {
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i + 2 < raw.size(); ++i) {
    crc ^= static_cast<std::uint32_t>(raw[i]) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
  }
  return static_cast<std::uint16_t>(crc);
}

bool IsKind(unsigned char byte) {
  switch (static_cast<NkeyKind>(byte)) {
    case NkeyKind::kAccount:
    case NkeyKind::kCluster:
    case NkeyKind::kServer:
    case NkeyKind::kOperator:
    case NkeyKind::kUser:
    case NkeyKind::kCurve:
      return true;
  }
  return false;
}

}  // namespace

std::optional<Nkey> DecodeNkey(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Raw raw{};
  std::uint32_t bits = 0;
  int pending = 0;
  std::size_t size = 0;
  for (const char c : text) {
    const int digit = c >= 'A' && c <= 'Z' ? c - 'A' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;
    if (digit < 0) return std::nullopt;
    bits = bits << 5 | static_cast<std::uint32_t>(digit);
    pending += 5;
    if (pending < 8) continue;
    pending -= 8;
    raw[size++] = static_cast<unsigned char>(bits >> pending);
  }
  const unsigned expected = raw[kRawSize - 2] | static_cast<unsigned>(raw[kRawSize - 1]) << 8;
  if (Checksum(raw) != expected || !IsKind(raw[0])) return std::nullopt;
  Nkey nkey;
  nkey.kind = static_cast<NkeyKind>(raw[0]);
  std::copy_n(raw.begin() + 1, nkey.key.size(), nkey.key.begin());
  return nkey;
}

std::string EncodeNkey(const Nkey& nkey) {
  Raw raw{};
  raw[0] = static_cast<unsigned char>(nkey.kind);
  std::copy(nkey.key.begin(), nkey.key.end(), raw.begin() + 1);
  const std::uint16_t checksum = Checksum(raw);
  raw[kRawSize - 2] = static_cast<unsigned char>(checksum);
  raw[kRawSize - 1] = static_cast<unsigned char>(checksum >> 8);
  std::string text;
  text.reserve(kTextSize);
  std::uint32_t bits = 0;
  int pending = 0;
  for (const unsigned char byte : raw) {
    bits = bits << 8 | byte;
    for (pending += 8; pending >= 5; pending -= 5) {
      text.push_back(kBase32[bits >> (pending - 5) & 31]);
    }
  }
  return text;
}

std::optional<Signature> DecodeSignature(std::string_view text) {
  std::optional<std::string> bytes = DecodeBase64Url(text);
  if (!bytes.has_value()) bytes = DecodeBase64(text);
  Signature signature{};
  if (!bytes.has_value() || bytes->size() != signature.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), signature.begin());
  return signature;
}

bool VerifySignature(const Nkey& nkey, std::string_view message, const Signature& signature) {
  if (nkey.kind == NkeyKind::kCurve) return false;
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, nkey.key.data(), nkey.key.size()),
      &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(),
                                                                       &EVP_MD_CTX_free);
  if (key == nullptr || digest == nullptr) return false;
  if (EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(digest.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

}  // namespace wherry::nats
