#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/runtime/clock.h"

namespace wherry::nats {

// What wherry/nats_options.h says about users, as this folder has it: embed/ translates.

// `deny` is stronger than `allow`. An empty `allow` allows all, except for publishing where there
// is leave to answer. For subscriptions an entry may be "subject queue".
struct SubjectRules {
  std::vector<std::string> allow;
  std::vector<std::string> deny;
};

// Leave to publish to the reply subjects of messages that were received.
struct AllowResponses {
  static constexpr std::int32_t kDefaultMax = 1;
  static constexpr runtime::Duration kDefaultExpires = std::chrono::minutes(2);

  std::int32_t max = kDefaultMax;               // per message; negative: any number
  runtime::Duration expires = kDefaultExpires;  // after the delivery; negative: never
};

struct UserPermissions {
  std::optional<SubjectRules> publish;
  std::optional<SubjectRules> subscribe;
  std::optional<AllowResponses> allow_responses;
};

// One who may connect: by name and password, or by nkey.
struct User {
  std::string user;
  std::string password;  // plain, or a bcrypt hash
  std::string nkey;      // then user and password are empty
  std::string account;   // empty: the default one
  std::optional<UserPermissions> permissions;
  std::vector<std::string> allowed_connection_types;  // empty: every way
};

}  // namespace wherry::nats
