#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace wherry::kafka {

// What a client of SASL's PLAIN mechanism says (RFC 4616): whom it wants to be, who it is, and how
// it proves it. A value.
struct PlainMessage {
  std::string authorization_id;  // empty: the user itself
  std::string user;
  std::string password;

  // kInvalidArgument: not three texts with a NUL between them, or an empty user or password. The
  // reason never holds what was sent.
  static absl::StatusOr<PlainMessage> Parse(std::string_view token);
};

}  // namespace wherry::kafka
