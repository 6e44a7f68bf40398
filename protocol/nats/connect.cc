#include "protocol/nats/connect.h"

#include <array>

#include <openssl/rand.h>

#include <boost/json.hpp>

#include "protocol/nats/base64.h"

namespace wherry::nats {

namespace json = boost::json;

namespace {

bool Read(const json::object& object, std::string_view key, bool* value) {
  const json::value* const found = object.if_contains({key.data(), key.size()});
  if (found == nullptr || found->is_null()) return true;
  if (!found->is_bool()) return false;
  *value = found->get_bool();
  return true;
}

bool Read(const json::object& object, std::string_view key, std::string* value) {
  const json::value* const found = object.if_contains({key.data(), key.size()});
  if (found == nullptr || found->is_null()) return true;
  if (!found->is_string()) return false;
  value->assign(found->get_string().data(), found->get_string().size());
  return true;
}

bool Read(const json::object& object, std::string_view key, int* value) {
  const json::value* const found = object.if_contains({key.data(), key.size()});
  if (found == nullptr || found->is_null()) return true;
  if (!found->is_int64()) return false;
  *value = static_cast<int>(found->get_int64());
  return true;
}

}  // namespace

std::optional<ConnectOptions> ParseConnect(std::string_view text, const ConnectOptions& defaults) {
  boost::system::error_code error;
  // The line's limit bounds the text; the depth is bounded by Boost.JSON's default of 32.
  const json::value parsed = json::parse({text.data(), text.size()}, error);
  if (error || !parsed.is_object()) return std::nullopt;
  const json::object& object = parsed.get_object();
  ConnectOptions options = defaults;
  const bool good =
      Read(object, "verbose", &options.verbose) && Read(object, "pedantic", &options.pedantic) &&
      Read(object, "echo", &options.echo) && Read(object, "headers", &options.headers) &&
      Read(object, "no_responders", &options.no_responders) &&
      Read(object, "tls_required", &options.tls_required) &&
      Read(object, "protocol", &options.protocol) && Read(object, "name", &options.name) &&
      Read(object, "lang", &options.lang) && Read(object, "version", &options.version) &&
      Read(object, "user", &options.user) && Read(object, "pass", &options.pass) &&
      Read(object, "auth_token", &options.auth_token) && Read(object, "nkey", &options.nkey) &&
      Read(object, "sig", &options.sig) && Read(object, "jwt", &options.jwt) &&
      Read(object, "account", &options.account);
  if (!good) return std::nullopt;
  return options;
}

std::string MakeNonce() {
  std::array<unsigned char, 11> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return "";
  return EncodeBase64Url({reinterpret_cast<const char*>(random.data()), random.size()});
}

}  // namespace wherry::nats
