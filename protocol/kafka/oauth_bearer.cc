#include "protocol/kafka/oauth_bearer.h"

#include <cmath>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace wherry::kafka {

namespace {

namespace json = boost::json;

constexpr char kSeparator = '\x01';
// Claims are flat; a token that nests deeper is none of ours.
constexpr std::size_t kMaxDepth = 16;

absl::Status Invalid(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid OAUTHBEARER ", what));
}

bool IsTokenText(std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!plain && std::string_view("-_~+/.=").find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

// "Bearer TOKEN", the scheme in any case.
std::optional<std::string_view> BearerOf(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = value.substr(0, space);
  if (!absl::EqualsIgnoreCase({scheme.data(), scheme.size()}, "bearer")) return std::nullopt;
  const std::size_t begin = value.find_first_not_of(' ', space);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view token = value.substr(begin);
  return IsTokenText(token) ? std::optional<std::string_view>(token) : std::nullopt;
}

std::optional<json::object> ObjectOf(std::string_view encoded) {
  std::string text;
  if (!absl::WebSafeBase64Unescape({encoded.data(), encoded.size()}, &text)) return std::nullopt;
  json::error_code error;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::optional<double> NumberOf(const json::object& claims, const char* name) {
  const json::value* const value = claims.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code error;
  const auto number = value->to_number<double>(error);
  return error || !std::isfinite(number) ? std::nullopt : std::optional<double>(number);
}

}  // namespace

absl::StatusOr<OauthBearerMessage> OauthBearerMessage::Parse(std::string_view message) {
  OauthBearerMessage parsed;
  const std::size_t header_end = message.find(kSeparator);
  if (header_end == std::string_view::npos) return Invalid("message: it has no header");
  const std::string_view header = message.substr(0, header_end);
  if (!header.starts_with("n,") || !header.ends_with(',') || header.size() < 3) {
    return Invalid("message: its header is not like \"n,a=user,\"");
  }
  const std::string_view authorization = header.substr(2, header.size() - 3);
  if (!authorization.empty()) {
    if (!authorization.starts_with("a=")) return Invalid("message: its authorization id");
    parsed.authorization_id = authorization.substr(2);
  }
  // Each pair has a separator behind it, and one more stands at the end.
  std::string_view rest = message.substr(header_end + 1);
  std::optional<std::string_view> bearer;
  while (!rest.empty() && rest.front() != kSeparator) {
    const std::size_t end = rest.find(kSeparator);
    if (end == std::string_view::npos) return Invalid("message: a pair has no end");
    const std::string_view pair = rest.substr(0, end);
    if (pair.starts_with("auth=")) bearer = BearerOf(pair.substr(5));
    rest.remove_prefix(end + 1);
  }
  if (rest.size() != 1) return Invalid("message: it does not end as it should");
  if (!bearer.has_value()) return Invalid("message: it has no bearer token");
  parsed.token = *bearer;
  return parsed;
}

absl::StatusOr<UnsecuredToken> UnsecuredToken::Parse(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return Invalid("token: not three parts with dots between them");
  }
  if (second + 1 != token.size()) return Invalid("token: only unsecured tokens are taken");
  const std::optional<json::object> header = ObjectOf(token.substr(0, first));
  if (!header.has_value()) return Invalid("token: its header is no JSON object");
  const json::value* const algorithm = header->if_contains("alg");
  if (algorithm == nullptr || !algorithm->is_string() || algorithm->as_string() != "none") {
    return Invalid("token: only the algorithm \"none\" is taken");
  }
  const std::optional<json::object> claims = ObjectOf(token.substr(first + 1, second - first - 1));
  if (!claims.has_value()) return Invalid("token: its claims are no JSON object");

  UnsecuredToken parsed;
  const json::value* const subject = claims->if_contains("sub");
  if (subject == nullptr || !subject->is_string() || subject->as_string().empty()) {
    return Invalid("token: no claim \"sub\"");
  }
  parsed.subject = std::string(subject->as_string());
  const std::optional<double> expires = NumberOf(*claims, "exp");
  if (!expires.has_value()) return Invalid("token: no claim \"exp\"");
  parsed.expires = *expires;
  if (claims->contains("iat")) {
    parsed.issued = NumberOf(*claims, "iat");
    if (!parsed.issued.has_value()) return Invalid("token: its claim \"iat\" is no number");
  }
  return parsed;
}

absl::Status UnsecuredToken::Check(std::int64_t unix_millis) const {
  constexpr double kMillisPerSecond = 1000;
  const double now = static_cast<double>(unix_millis) / kMillisPerSecond;
  if (issued.has_value() && *issued > expires) return Invalid("token: expired before it is issued");
  if (issued.has_value() && *issued > now) return Invalid("token: not issued yet");
  if (now >= expires) return Invalid("token: expired");
  return absl::OkStatus();
}

}  // namespace wherry::kafka
