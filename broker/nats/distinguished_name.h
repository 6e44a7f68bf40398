#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::nats {

// A certificate's subject, and a user's name that spells one (RFC 4514): parts in their order, each
// of one or more attributes. "CN=ann,O=acme+OU=sales" has two parts, the second of two attributes.
struct DistinguishedName {
  struct Attribute {
    std::string type;  // "CN"; without regard to case
    std::string value;
  };
  using Part = std::vector<Attribute>;
  std::vector<Part> parts;

  // nullopt: the text spells none.
  static std::optional<DistinguishedName> Parse(std::string_view text);

  bool SameInOrder(const DistinguishedName& other) const;
  bool SameInAnyOrder(const DistinguishedName& other) const;
};

}  // namespace wherry::nats
