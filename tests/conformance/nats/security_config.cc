#include "tests/conformance/nats/security_config.h"

#include <vector>

namespace wherry::conformance {
namespace {

// Words like `no` mean something of their own unless they are quoted.
std::string Quoted(const std::string& text) { return '"' + text + '"'; }

std::string List(const std::vector<std::string>& entries) {
  std::string list = "[";
  for (const std::string& entry : entries) list += Quoted(entry) + ", ";
  return list + "]";
}

std::string Rules(const NatsSubjectRules& rules) {
  std::string text = "{";
  if (!rules.allow.empty()) text += "allow: " + List(rules.allow) + ", ";
  if (!rules.deny.empty()) text += "deny: " + List(rules.deny) + ", ";
  return text + "}";
}

std::string Permissions(const NatsPermissions& permissions) {
  std::string text = "{";
  if (permissions.publish) text += "publish: " + Rules(*permissions.publish) + ", ";
  if (permissions.subscribe) text += "subscribe: " + Rules(*permissions.subscribe) + ", ";
  if (permissions.allow_responses) {
    text += "allow_responses: {max: " + std::to_string(permissions.allow_responses->max) +
            ", expires: \"" + std::to_string(permissions.allow_responses->expires.count()) +
            "ns\"}";
  }
  return text + "}";
}

std::string UsersOf(const NatsOptions& options, const std::string& account) {
  std::string text;
  for (const NatsUser& user : options.users) {
    if (user.account != account) continue;
    text += "    {";
    if (!user.user.empty()) {
      text += "user: " + Quoted(user.user) + ", password: " + Quoted(user.password) + ", ";
    }
    if (!user.nkey.empty()) text += "nkey: " + Quoted(user.nkey) + ", ";
    if (user.permissions) text += "permissions: " + Permissions(*user.permissions) + ", ";
    if (!user.allowed_connection_types.empty()) {
      text += "allowed_connection_types: " + List(user.allowed_connection_types);
    }
    text += "}\n";
  }
  return text.empty() ? text : "  users = [\n" + text + "  ]\n";
}

}  // namespace

std::string SecurityConfig(const NatsOptions& options) {
  std::string authorization = UsersOf(options, "");
  if (!options.token.empty()) authorization += "  token: " + Quoted(options.token) + "\n";
  if (!options.user.empty()) {
    authorization +=
        "  user: " + Quoted(options.user) + ", password: " + Quoted(options.password) + "\n";
  }
  std::string config;
  if (!authorization.empty()) config += "authorization {\n" + authorization + "}\n";
  std::string accounts;
  for (const NatsAccount& account : options.accounts) {
    accounts += account.name + " {\n" + UsersOf(options, account.name) + "}\n";
  }
  if (!accounts.empty()) config += "accounts {\n" + accounts + "}\n";
  if (!options.no_auth_user.empty()) config += "no_auth_user: " + Quoted(options.no_auth_user);
  return config + "\n";
}

}  // namespace wherry::conformance
