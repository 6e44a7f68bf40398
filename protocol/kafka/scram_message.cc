#include "protocol/kafka/scram_message.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace wherry::kafka {

namespace {

absl::Status Invalid(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid SCRAM ", what));
}

// Takes the text up to the next comma, or the end, off `rest`, and the comma with it.
std::string_view TakeField(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  const std::string_view field = rest.substr(0, comma);
  rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  return field;
}

// "=2C" is a comma and "=3D" an equals sign; any other "=" is an error, as an empty name is.
std::optional<std::string> DecodeName(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return std::nullopt;
    if (text[i] != '=') {
      name.push_back(text[i]);
      continue;
    }
    const std::string_view escape = text.substr(i, 3);
    if (escape != "=2C" && escape != "=3D") return std::nullopt;
    name.push_back(escape == "=2C" ? ',' : '=');
    i += 2;
  }
  return name;
}

// Visible ASCII but the comma.
bool IsNonce(std::string_view text) {
  for (const char c : text) {
    if (c < '!' || c > '~' || c == ',') return false;
  }
  return !text.empty();
}

std::string Base64(std::string_view bytes) {
  return absl::Base64Escape({bytes.data(), bytes.size()});
}

}  // namespace

absl::StatusOr<ScramClientFirst> ScramClientFirst::Parse(std::string_view message) {
  ScramClientFirst parsed;
  std::string_view rest = message;
  // "y" and "p" would be channel binding.
  if (TakeField(rest) != "n") return Invalid("client first message: its header is not \"n,\"");
  const std::string_view authorization = TakeField(rest);
  if (!authorization.empty()) {
    const std::optional<std::string> name =
        authorization.starts_with("a=") ? DecodeName(authorization.substr(2)) : std::nullopt;
    if (!name.has_value()) return Invalid("client first message: its authorization id");
    parsed.authorization_id = *name;
  }
  parsed.bare = rest;
  std::string_view field = TakeField(rest);
  if (field.starts_with("m=")) field = TakeField(rest);  // reserved for extensions
  const std::optional<std::string> user =
      field.starts_with("n=") ? DecodeName(field.substr(2)) : std::nullopt;
  if (!user.has_value()) return Invalid("client first message: its user name");
  parsed.user = *user;
  field = TakeField(rest);
  if (!field.starts_with("r=") || !IsNonce(field.substr(2))) {
    return Invalid("client first message: its nonce");
  }
  parsed.nonce = field.substr(2);
  while (!rest.empty()) parsed.token_authenticated |= TakeField(rest) == "tokenauth=true";
  return parsed;
}

absl::StatusOr<ScramClientFinal> ScramClientFinal::Parse(std::string_view message) {
  ScramClientFinal parsed;
  const std::size_t proof = message.rfind(",p=");
  if (proof == std::string_view::npos) return Invalid("client final message: it has no proof");
  parsed.without_proof = message.substr(0, proof);
  const std::string_view encoded = message.substr(proof + 3);
  if (!absl::Base64Unescape({encoded.data(), encoded.size()}, &parsed.proof)) {
    return Invalid("client final message: its proof");
  }
  std::string_view rest = parsed.without_proof;
  // As Kafka, we do not look at what follows "c=": there is no channel that it could be bound to.
  if (!TakeField(rest).starts_with("c=")) {
    return Invalid("client final message: its channel binding");
  }
  const std::string_view nonce = TakeField(rest);
  if (!nonce.starts_with("r=") || !IsNonce(nonce.substr(2))) {
    return Invalid("client final message: its nonce");
  }
  parsed.nonce = nonce.substr(2);
  return parsed;
}

std::string ScramServerFirst(std::string_view nonce, std::string_view salt,
                             std::int32_t iterations) {
  return absl::StrCat("r=", std::string(nonce), ",s=", Base64(salt), ",i=", iterations);
}

std::string ScramServerFinal(std::string_view signature) {
  return absl::StrCat("v=", Base64(signature));
}

}  // namespace wherry::kafka
