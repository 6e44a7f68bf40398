#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "tools/nats_server/settings.h"
#include "tools/nats_server/text.h"

namespace wherry::nats_server {

// One pass over a configuration: where its values go, and what is wrong with them.
// Threads: one at a time. Owned by ReadConfig.
struct ConfigReading {
  Settings& settings;
  const FileReader& read_file;
  ConfigProblems problems;

  void Error(const ConfigValue& at, const std::string& why) {
    problems.errors.push_back(at.place.ToString() + ": " + why);
  }
  void Warn(const ConfigValue& at, const std::string& field, const std::string& why) {
    problems.warnings.push_back(at.place.ToString() + ": invalid use of field " + Quoted(field) +
                                ": " + why);
  }
  // A key that nats-server does not know either. Names that hold variables may be any.
  void Unknown(const ConfigValue& at, const std::string& field) {
    if (!at.is_variable) Error(at, "unknown field " + Quoted(field));
  }
  // A key that nats-server knows, and Wherry cannot honour.
  void Refuse(const ConfigValue& at, const std::string& field, std::string_view what) {
    Error(at, Quoted(field) + ": Wherry does not have " + std::string(what) +
                  " yet; leave it out, or run nats-server");
  }
  // A value of another type than its key needs; false, for the caller to return.
  bool WrongType(const ConfigValue& at, const char* wanted) {
    Error(at, "interface conversion: interface {} is " + TypeName(at) + ", not " + wanted);
    return false;
  }

  bool Take(const ConfigValue& value, std::string& out) {
    if (value.AsString() == nullptr) return WrongType(value, "string");
    out = *value.AsString();
    return true;
  }
  bool Take(const ConfigValue& value, bool& out) {
    if (value.AsBool() == nullptr) return WrongType(value, "bool");
    out = *value.AsBool();
    return true;
  }
  bool Take(const ConfigValue& value, std::int64_t& out) {
    if (value.AsInteger() == nullptr) return WrongType(value, "int64");
    out = *value.AsInteger();
    return true;
  }
  const ConfigMap* TakeMap(const ConfigValue& value) {
    if (value.AsMap() == nullptr) WrongType(value, "map[string]interface {}");
    return value.AsMap();
  }

  // Seconds, as a number or a duration's text. False: neither; the caller says which key it is.
  // A duration that cannot be read is reported as `what` and the reason.
  bool TakeSeconds(const ConfigValue& value, const std::string& what, double& seconds);
};

// The blocks of a configuration. Each reports what is wrong and reads on.
void ReadAuthorization(ConfigReading& reading, const ConfigValue& value);
void ReadAccounts(ConfigReading& reading, const ConfigValue& value);
void ReadTls(ConfigReading& reading, const ConfigValue& value);

// A list of users, in `authorization` or in an account.
struct ConfigUsers {
  std::vector<NatsUser> users;
  bool given = false;  // the list was there and could be read
};
ConfigUsers ReadUsers(ConfigReading& reading, const ConfigValue& value);
std::optional<NatsPermissions> ReadPermissions(ConfigReading& reading, const ConfigValue& value);
// Gives `defaults` to those who have no permissions of their own.
void FoldDefaults(const std::optional<NatsPermissions>& defaults, std::vector<NatsUser>& users);

// A value that asks for nothing: false, 0, "" or disabled.
bool SwitchedOff(const ConfigValue& value);

// nats-server's seconds, which may be a fraction.
std::chrono::nanoseconds FromSeconds(double seconds);

// A TLS block's files: what is wrong with them, "" if nothing.
std::string TlsFilesProblem(const TlsOptions& tls, const FileReader& read_file);

}  // namespace wherry::nats_server
