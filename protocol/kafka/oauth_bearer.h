#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace wherry::kafka {

// What a client of SASL's OAUTHBEARER mechanism begins with (RFC 7628): "n,a=ann," and then, behind
// a byte 1 each, "auth=Bearer TOKEN" and extensions. A value.
struct OauthBearerMessage {
  std::string authorization_id;  // empty: the user itself
  std::string token;

  // kInvalidArgument, with a reason that does not hold the token.
  static absl::StatusOr<OauthBearerMessage> Parse(std::string_view message);
};

// A JSON Web Token without a signature ("alg": "none"; RFC 7519, section 6): it proves nothing, and
// is for development and tests. A value.
struct UnsecuredToken {
  std::string subject;                    // "sub"
  double expires = 0;                     // "exp": seconds since the epoch
  std::optional<double> issued;           // "iat"

  // kInvalidArgument: no such token, or one with a signature; "sub" and "exp" must be there.
  static absl::StatusOr<UnsecuredToken> Parse(std::string_view token);
  // kInvalidArgument: expired, not issued yet, or expired before it was issued.
  absl::Status Check(std::int64_t unix_millis) const;
};

}  // namespace wherry::kafka
