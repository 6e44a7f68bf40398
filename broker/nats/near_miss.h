#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wherry::nats {

// A pattern that does not match a subject, but may have been meant to.
struct NearMiss {
  int distance = 0;  // the smaller, the likelier
  std::string why;   // "token 2 is \"new\", not \"news\""
};

// nullopt: the two have nothing to do with each other. `pattern` is a subscription's subject that
// does not match the literal `subject`; both are valid.
// Example: "orders.*" and "orders.new.eu": the pattern has 2 tokens, the subject 3.
std::optional<NearMiss> FindNearMiss(std::string_view pattern, std::string_view subject);

}  // namespace wherry::nats
