#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "wherry/status.h"

// What calls of the public classes say where they cannot be carried out at all.
namespace wherry::embed {

inline Status Stopped() { return {StatusCode::kUnavailable, "the broker has stopped"}; }

// `call` would wait for the broker's thread, and was made there.
inline Status FromCallback(std::string_view call) {
  return {StatusCode::kFailedPrecondition,
          absl::StrCat(std::string(call),
                       " waits, and a broker callback must not; call it from another thread")};
}

// The same of what ends the broker, in order or not.
inline Status EndFromCallback(std::string_view call) {
  return {StatusCode::kFailedPrecondition,
          absl::StrCat(
              std::string(call),
              " waits for the broker's thread; call it from another one than a callback's")};
}

}  // namespace wherry::embed
