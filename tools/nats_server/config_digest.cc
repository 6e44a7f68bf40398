#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <openssl/sha.h>

#include "tools/nats_server/config_parser.h"
#include "tools/nats_server/text.h"

namespace wherry::nats_server {
namespace {

// A float as Go's JSON has it: plain digits, but an exponent outside 1e-6 to 1e21.
std::string JsonNumber(double number) {
  const double size = std::abs(number);
  const bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  std::array<char, 64> buffer{};
  const auto [end, code] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text(buffer.data(), end);
  // 1e-09 is written 1e-9.
  if (exponent && text.size() > 4 && text[text.size() - 4] == 'e' && text[text.size() - 3] == '-' &&
      text[text.size() - 2] == '0')
    text.erase(text.size() - 2, 1);
  return text;
}

// Appends values as JSON. Their depth is bounded by kMaxConfigDepth, their number by
// kMaxConfigValues.
class JsonWriter {
 public:
  void operator()(bool value) { json_ += value ? "true" : "false"; }
  void operator()(std::int64_t value) { json_ += std::to_string(value); }
  void operator()(double value) { json_ += JsonNumber(value); }
  void operator()(const std::string& value) { json_ += JsonString(value); }
  void operator()(const ConfigTime& value) { json_ += JsonString(value.text); }
  void operator()(const std::shared_ptr<const ConfigArray>& array) {
    json_ += '[';
    for (const ConfigValue& value : *array) {
      if (&value != &array->front()) json_ += ',';
      std::visit(*this, value.data);
    }
    json_ += ']';
  }
  void operator()(const std::shared_ptr<const ConfigMap>& map) { Write(*map); }

  void Write(const ConfigMap& map) {
    json_ += '{';
    bool first = true;
    for (const auto& [key, value] : map) {
      if (!first) json_ += ',';
      first = false;
      json_ += JsonString(key) + ':';
      std::visit(*this, value.data);
    }
    json_ += '}';
  }

  const std::string& json() const { return json_; }

 private:
  std::string json_;
};

}  // namespace

std::string ConfigDigest(const ConfigMap& config) {
  JsonWriter writer;
  writer.Write(config);
  const std::string text = writer.json() + "\n";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum.data());
  std::string digest = "sha256:";
  for (const unsigned char byte : sum) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", byte);
    digest += hex.data();
  }
  return digest;
}

}  // namespace wherry::nats_server
