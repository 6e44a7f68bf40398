// The blocks `authorization` and `accounts`: users, permissions, limits.
#include <algorithm>
#include <set>

#include "tools/nats_server/config_reading.h"
#include "tools/nats_server/subjects.h"

namespace wherry::nats_server {
namespace {

constexpr double kHighAuthTimeout = 60;  // seconds; more is asked back

constexpr const char* kReservedAccount = "$G";
constexpr const char* kSystemAccountName = "$SYS";

// How a client may connect. Types that Wherry does not listen for are nobody's.
constexpr std::string_view kConnectionTypes[] = {
    "STANDARD", "WEBSOCKET", "LEAFNODE", "LEAFNODE_WS", "MQTT", "MQTT_WS", "IN_PROCESS"};

bool OneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A subject, or several. `with_queue`: each may be followed by a queue group.
std::optional<std::vector<std::string>> ReadSubjects(ConfigReading& reading,
                                                     const ConfigValue& value, bool with_queue) {
  std::vector<std::string> subjects;
  if (value.AsString() != nullptr) {
    subjects.push_back(*value.AsString());
  } else if (value.AsArray() != nullptr) {
    for (const ConfigValue& subject : *value.AsArray()) {
      if (subject.AsString() == nullptr) {
        reading.Error(subject, "Subject in permissions array cannot be cast to string");
        return std::nullopt;
      }
      subjects.push_back(*subject.AsString());
    }
  } else {
    reading.Error(value,
                  "Expected subject permissions to be a subject, or array of subjects, got " +
                      TypeName(value));
    return std::nullopt;
  }
  for (const std::string& subject : subjects) {
    if (IsValidSubject(subject)) continue;
    const std::size_t end = subject.find_last_not_of(" \t") + 1;
    const std::size_t space = subject.find_first_of(" \t");
    const std::size_t queue = subject.find_first_not_of(" \t", space);
    const bool two = with_queue && space != std::string::npos && space > 0 &&
                     queue != std::string::npos &&
                     subject.substr(queue, end - queue).find_first_of(" \t") == std::string::npos;
    const std::string first = subject.substr(0, space);
    if (!two) {
      reading.Error(value, "subject " + Quoted(subject) + " is not a valid subject");
    } else if (!IsValidSubject(first)) {
      reading.Error(value, "subject " + Quoted(first) + " is not a valid subject");
    } else if (!IsValidSubject(subject.substr(queue, end - queue))) {
      reading.Error(
          value, "queue " + Quoted(subject.substr(queue, end - queue)) + " is not a valid queue");
    } else {
      continue;
    }
    return std::nullopt;
  }
  return subjects;
}

// { allow, deny }, or subjects that are allowed.
std::optional<NatsSubjectRules> ReadRules(ConfigReading& reading, const ConfigValue& value,
                                          bool with_queue) {
  NatsSubjectRules rules;
  if (value.AsMap() == nullptr) {
    std::optional<std::vector<std::string>> allow = ReadSubjects(reading, value, with_queue);
    if (!allow.has_value()) return std::nullopt;
    rules.allow = *std::move(allow);
    return rules;
  }
  if (value.AsMap()->empty()) return std::nullopt;
  for (const auto* entry : InOrder(*value.AsMap())) {
    const auto& [key, subjects] = *entry;
    const std::string name = Lowered(key);
    if (name == "allow" || name == "deny") {
      std::optional<std::vector<std::string>> read = ReadSubjects(reading, subjects, with_queue);
      if (read.has_value()) (name == "allow" ? rules.allow : rules.deny) = *std::move(read);
    } else if (!subjects.is_variable) {
      reading.Error(subjects, "Unknown field name " + Quoted(key) +
                                  " parsing subject permissions, only 'allow' or 'deny' are "
                                  "permitted");
    }
  }
  return rules;
}

std::optional<NatsAllowResponses> ReadAllowResponses(ConfigReading& reading,
                                                     const ConfigValue& value) {
  NatsAllowResponses responses;
  if (value.AsBool() != nullptr) return *value.AsBool() ? std::optional(responses) : std::nullopt;
  if (value.AsMap() == nullptr) {
    reading.Error(value, "error parsing response permissions, expected a boolean or a map");
    return std::nullopt;
  }
  for (const auto* entry : InOrder(*value.AsMap())) {
    const auto& [key, setting] = *entry;
    const std::string name = Lowered(key);
    if (OneOf(name, {"max", "max_msgs", "max_messages", "max_responses"})) {
      std::int64_t max = 0;
      if (!reading.Take(setting, max)) return std::nullopt;
      if (max != 0)
        responses.max = static_cast<std::int32_t>(std::clamp<std::int64_t>(max, -1, INT32_MAX));
    } else if (OneOf(name, {"expires", "expiration", "ttl"})) {
      if (setting.AsString() == nullptr) {
        reading.Error(setting, "error parsing expires, not a duration string");
        return std::nullopt;
      }
      const StatusOr<std::chrono::nanoseconds> expires = ParseDuration(*setting.AsString());
      if (!expires.ok()) {
        reading.Error(setting, "error parsing expires: " + expires.status().message());
        return std::nullopt;
      }
      if (expires->count() != 0) responses.expires = *expires;
    } else if (!setting.is_variable) {
      reading.Error(setting, "Unknown field " + Quoted(key) + " parsing permissions");
    }
  }
  return responses;
}

std::vector<std::string> ReadConnectionTypes(ConfigReading& reading, const ConfigValue& value) {
  std::vector<std::string> types;
  std::string unknown;
  const auto add = [&](const std::string& text) {
    const std::string type = Uppered(text);
    const auto* end = std::end(kConnectionTypes);
    if (std::find(std::begin(kConnectionTypes), end, type) != end) {
      types.push_back(type);
    } else {
      unknown += (unknown.empty() ? "" : " ") + Quoted(type);
    }
  };
  const std::string what = "error parsing allowed connection types: unsupported type ";
  if (value.AsString() != nullptr) {
    add(*value.AsString());
  } else if (value.AsArray() != nullptr) {
    for (const ConfigValue& type : *value.AsArray()) {
      if (type.AsString() != nullptr) {
        add(*type.AsString());
      } else {
        reading.Error(type, what + "in array " + TypeName(type));
      }
    }
  } else {
    reading.Error(value, what + TypeName(value));
  }
  if (!unknown.empty()) reading.Error(value, "invalid connection types [" + unknown + "]");
  return types;
}

void ReadProxyRequired(ConfigReading& reading, const std::string& key, const ConfigValue& value) {
  bool required = false;
  if (reading.Take(value, required) && required) reading.Refuse(value, key, "the PROXY protocol");
}

// False: this user, and the list it is in, cannot be used.
bool ReadUser(ConfigReading& reading, const ConfigMap& map, const ConfigValue& at, NatsUser& user) {
  const ConfigValue* last = &at;
  for (const auto* entry : InOrder(map)) {
    const auto& [key, value] = *entry;
    const std::string name = Lowered(key);
    last = &value;
    bool read = true;
    if (name == "nkey") {
      read = reading.Take(value, user.nkey);
    } else if (OneOf(name, {"user", "username"})) {
      read = reading.Take(value, user.user);
    } else if (OneOf(name, {"pass", "password"})) {
      read = reading.Take(value, user.password);
    } else if (OneOf(name, {"permission", "permissions", "authorization"})) {
      user.permissions = ReadPermissions(reading, value);
    } else if (OneOf(name, {"allowed_connection_types", "connection_types", "clients"})) {
      user.allowed_connection_types = ReadConnectionTypes(reading, value);
    } else if (name == "proxy_required") {
      ReadProxyRequired(reading, key, value);
    } else {
      reading.Unknown(value, key);
    }
    if (!read) return false;
  }
  if (user.nkey.empty() && user.user.empty()) {
    reading.Error(*last, "User entry requires a user");
    return false;
  }
  if (user.nkey.empty()) return true;
  if (!IsUserNkey(user.nkey)) {
    reading.Error(*last, "Not a valid public nkey for a user");
    return false;
  }
  if (user.user.empty() && user.password.empty()) return true;
  reading.Error(*last, "Nkey users do not take usernames or passwords");
  return false;
}

// Adds users to those that are known already, under `account`; each only once.
void AddUsers(ConfigReading& reading, const ConfigValue& at, std::vector<NatsUser> users,
              const std::string& account) {
  std::vector<NatsUser>& known = reading.settings.nats.users;
  std::set<std::string> names;
  for (const NatsUser& user : known) names.insert(user.nkey.empty() ? user.user : user.nkey);
  for (NatsUser& user : users) {
    const bool is_nkey = !user.nkey.empty();
    const std::string& name = is_nkey ? user.nkey : user.user;
    if (!names.insert(name).second) {
      reading.Error(at, std::string("Duplicate ") + (is_nkey ? "nkey " : "user ") + Quoted(name) +
                            " detected");
      continue;
    }
    user.account = account;
    known.push_back(std::move(user));
  }
}

void ReadLimits(ConfigReading& reading, const ConfigValue& value, NatsAccount& account) {
  if (value.AsMap() == nullptr)
    return reading.Error(value, "Expected account limits to be a map/struct, got " + Shown(value));
  for (const auto* entry : InOrder(*value.AsMap())) {
    const auto& [key, limit] = *entry;
    const std::string name = Lowered(key);
    std::int64_t leaf_nodes = 0;
    if (OneOf(name, {"max_connections", "max_conn"})) {
      reading.Take(limit, account.max_connections);
    } else if (OneOf(name, {"max_subscriptions", "max_subs"})) {
      reading.Take(limit, account.max_subscriptions);
    } else if (OneOf(name, {"max_payload", "max_pay"})) {
      reading.Take(limit, account.max_payload);
    } else if (OneOf(name, {"max_leafnodes", "max_leafs"})) {
      reading.Take(limit, leaf_nodes);  // kept by having none
    } else if (!limit.is_variable) {
      reading.Error(limit, "Unknown field " + Quoted(key) + " parsing account limits");
    }
  }
}

// What only says that there is nothing of the kind.
bool IsEmptyList(const ConfigValue& value) {
  return value.AsArray() != nullptr && value.AsArray()->empty();
}

struct AccountUsers {
  std::vector<NatsUser> users;
  const ConfigValue* at = nullptr;
};

void ReadAccountKey(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                    NatsAccount& account, AccountUsers& users,
                    std::optional<NatsPermissions>& defaults) {
  const std::string name = Lowered(key);
  if (name == "nkey") {
    // The account's public name in a system of operators; without one, nobody asks for it.
    if (value.AsString() == nullptr || !IsAccountNkey(*value.AsString()))
      reading.Error(value, "Not a valid public nkey for an account: " +
                               Quoted(value.AsString() == nullptr ? "" : *value.AsString()));
  } else if (name == "imports" || name == "exports") {
    if (!IsEmptyList(value)) reading.Refuse(value, key, "imports and exports of accounts");
  } else if (name == "jetstream") {
    if (!SwitchedOff(value)) reading.Refuse(value, key, "JetStream");
  } else if (name == "users") {
    users.at = &value;
    users.users = ReadUsers(reading, value).users;
  } else if (name == "default_permissions") {
    defaults = ReadPermissions(reading, value);
  } else if (name == "mappings" || name == "maps") {
    reading.Refuse(value, key, "subject mappings");
  } else if (name == "limits") {
    ReadLimits(reading, value, account);
  } else if (name == "msg_trace" || name == "trace_dest") {
    reading.Refuse(value, key, "tracing of messages");
  } else {
    reading.Unknown(value, key);
  }
}

void ReadAccount(ConfigReading& reading, const std::string& name, const ConfigValue& value) {
  // A variable that stands among the accounts.
  if (value.is_variable) return;
  if (value.AsMap() == nullptr) return reading.Error(value, "Expected map entries for accounts");
  if (name == kReservedAccount)
    return reading.Error(value, Quoted(name) + " is a Reserved Account");
  if (name == kSystemAccountName) return reading.Refuse(value, name, "a system account");
  NatsAccount account;
  account.name = name;
  AccountUsers users;
  std::optional<NatsPermissions> defaults;
  for (const auto* entry : InOrder(*value.AsMap()))
    ReadAccountKey(reading, entry->first, entry->second, account, users, defaults);
  reading.settings.nats.accounts.push_back(account);
  if (users.users.empty()) return;
  if (!reading.settings.nats.user.empty())
    return reading.Error(*users.at, "Can not have a single user/pass and accounts");
  if (!reading.settings.nats.token.empty())
    return reading.Error(*users.at, "Can not have a token and accounts");
  FoldDefaults(defaults, users.users);
  AddUsers(reading, *users.at, std::move(users.users), name);
}

// What one `authorization` block holds.
struct Authorization {
  std::string user, password, token;
  double timeout = 0;
  ConfigUsers users;
  std::optional<NatsPermissions> defaults;
};

void ReadTimeout(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                 double& timeout) {
  if (!reading.TakeSeconds(value, "error parsing authorization config, 'timeout' ", timeout))
    return;
  if (timeout > kHighAuthTimeout)
    reading.Warn(value, key,
                 "timeout of " + FormatDuration(FromSeconds(timeout)) +
                     " is high, consider keeping it under 60 seconds; a duration needs quotes, as "
                     "in '1m'");
}

void ReadAuthorizationKey(ConfigReading& reading, const std::string& key, const ConfigValue& value,
                          Authorization& into) {
  const std::string name = Lowered(key);
  if (OneOf(name, {"user", "username"})) {
    reading.Take(value, into.user);
  } else if (OneOf(name, {"pass", "password"})) {
    reading.Take(value, into.password);
  } else if (name == "token") {
    reading.Take(value, into.token);
  } else if (name == "timeout") {
    ReadTimeout(reading, key, value, into.timeout);
  } else if (name == "users") {
    into.users = ReadUsers(reading, value);
  } else if (OneOf(name, {"default_permission", "default_permissions", "permissions"})) {
    into.defaults = ReadPermissions(reading, value);
  } else if (OneOf(name, {"auth_callout", "auth_hook"})) {
    reading.Refuse(value, key, "authorization by callout");
  } else if (name == "proxy_required") {
    ReadProxyRequired(reading, key, value);
  } else {
    reading.Unknown(value, key);
  }
}

}  // namespace

std::optional<NatsPermissions> ReadPermissions(ConfigReading& reading, const ConfigValue& value) {
  if (value.AsMap() == nullptr) {
    reading.Error(value, "Expected permissions to be a map/struct, got " + Shown(value));
    return std::nullopt;
  }
  NatsPermissions permissions;
  for (const auto* entry : InOrder(*value.AsMap())) {
    const auto& [key, rules] = *entry;
    const std::string name = Lowered(key);
    if (OneOf(name, {"pub", "publish", "import"})) {
      permissions.publish = ReadRules(reading, rules, false);
    } else if (OneOf(name, {"sub", "subscribe", "export"})) {
      permissions.subscribe = ReadRules(reading, rules, true);
    } else if (OneOf(name, {"publish_allow_responses", "allow_responses"})) {
      permissions.allow_responses = ReadAllowResponses(reading, rules);
    } else if (!rules.is_variable) {
      reading.Error(rules, "Unknown field " + Quoted(key) + " parsing permissions");
    }
  }
  // Leave to answer takes away the leave to publish anything that is not named; what is denied then
  // is denied anyway, and answers are allowed even there.
  const bool names_nothing = permissions.publish.has_value() && permissions.publish->allow.empty();
  if (permissions.allow_responses.has_value() && names_nothing) permissions.publish.reset();
  return permissions;
}

void FoldDefaults(const std::optional<NatsPermissions>& defaults, std::vector<NatsUser>& users) {
  if (!defaults.has_value()) return;
  for (NatsUser& user : users)
    if (!user.permissions.has_value()) user.permissions = defaults;
}

ConfigUsers ReadUsers(ConfigReading& reading, const ConfigValue& value) {
  ConfigUsers result;
  if (value.AsArray() == nullptr) {
    reading.Error(value, "Expected users field to be an array, got " + Shown(value));
    return result;
  }
  for (const ConfigValue& entry : *value.AsArray()) {
    if (entry.AsMap() == nullptr) {
      reading.Error(entry, "Expected user entry to be a map/struct, got " + Shown(entry));
      continue;
    }
    NatsUser user;
    if (!ReadUser(reading, *entry.AsMap(), entry, user)) return {};
    result.users.push_back(std::move(user));
  }
  result.given = true;
  return result;
}

void ReadAuthorization(ConfigReading& reading, const ConfigValue& value) {
  const ConfigMap* map = reading.TakeMap(value);
  if (map == nullptr) return;
  Authorization read;
  for (const auto* entry : InOrder(*map))
    ReadAuthorizationKey(reading, entry->first, entry->second, read);
  FoldDefaults(read.defaults, read.users.users);
  NatsOptions& nats = reading.settings.nats;
  nats.user = read.user;
  nats.password = read.password;
  nats.token = read.token;
  nats.auth_timeout = FromSeconds(read.timeout);
  if ((!read.user.empty() || !read.password.empty()) && !read.token.empty())
    return reading.Error(value, "Cannot have a user/pass and token");
  if (!read.users.given && nats.users.empty()) return;
  if (!read.user.empty())
    return reading.Error(value, "Can not have a single user/pass and a users array");
  if (!read.token.empty()) return reading.Error(value, "Can not have a token and a users array");
  AddUsers(reading, value, std::move(read.users.users), "");
}

void ReadAccounts(ConfigReading& reading, const ConfigValue& value) {
  if (value.AsMap() != nullptr) {
    for (const auto* entry : InOrder(*value.AsMap()))
      ReadAccount(reading, entry->first, entry->second);
    return;
  }
  if (value.AsArray() == nullptr) return;  // nats-server, too, takes anything else for no accounts
  std::set<std::string> names;
  for (const ConfigValue& entry : *value.AsArray()) {
    NatsAccount account;
    if (!reading.Take(entry, account.name)) continue;
    if (account.name == kReservedAccount) {
      reading.Error(entry, Quoted(account.name) + " is a Reserved Account");
    } else if (account.name == kSystemAccountName) {
      reading.Refuse(entry, account.name, "a system account");
    } else if (!names.insert(account.name).second) {
      reading.Error(entry, "Duplicate Account Entry: " + account.name);
    } else {
      reading.settings.nats.accounts.push_back(std::move(account));
    }
  }
}

}  // namespace wherry::nats_server
