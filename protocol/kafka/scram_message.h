#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace wherry::kafka {

// The four messages of SCRAM (RFC 5802), without channel binding, as Kafka speaks it:
//
//   client  n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL
//   server  r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096
//   client  c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=
//   server  v=rmF9pqV8S7suAoZWja4dJRkFsKQ=
//
// Values. What cannot be read is kInvalidArgument, with a reason that holds nothing secret.
struct ScramClientFirst {
  std::string authorization_id;  // empty: the user itself
  std::string user;
  std::string nonce;
  bool token_authenticated = false;  // the user is the id of a delegation token
  std::string bare;                  // the message behind its header, as it is signed

  static absl::StatusOr<ScramClientFirst> Parse(std::string_view message);
};

struct ScramClientFinal {
  std::string nonce;
  std::string proof;
  std::string without_proof;  // as it is signed

  static absl::StatusOr<ScramClientFinal> Parse(std::string_view message);
};

std::string ScramServerFirst(std::string_view nonce, std::string_view salt,
                             std::int32_t iterations);
std::string ScramServerFinal(std::string_view signature);

}  // namespace wherry::kafka
