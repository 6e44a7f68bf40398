#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/kafka/security/authorizer.h"

namespace wherry::kafka {

// The entries of one namespace, found by the resources that they speak of.
// Threads: the home shard only. Shared by the Authorizer and what it has under way.
class Authorizer::Index {
 public:
  void Add(const AclBinding& binding);
  void Remove(const AclBinding& binding);
  const std::set<AclBinding>& all() const { return all_; }

  // Calls `see` with each entry that speaks of the resource, until it says false.
  using See = std::function<bool(const AclBinding&)>;
  void ForResource(AclResourceType type, std::string_view name, const See& see) const;
  void ForType(AclResourceType type, const See& see) const;

 private:
  // Pointers into all_, whose elements stay where they are.
  using Entries = std::vector<const AclBinding*>;
  using ByName = std::map<std::string, Entries, std::less<>>;
  struct OfType {
    ByName literal;
    ByName prefixed;
    std::map<std::size_t, std::size_t> prefix_sizes;  // with how many entries have one
  };

  static bool Visit(const ByName& entries, std::string_view name, const See& see);

  std::set<AclBinding> all_;
  std::map<AclResourceType, OfType> by_type_;
};

}  // namespace wherry::kafka
