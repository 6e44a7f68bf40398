#include "broker/kafka/security/acl_index.h"

namespace wherry::kafka {

void Authorizer::Index::Add(const AclBinding& binding) {
  const auto [added, is_new] = all_.insert(binding);
  if (!is_new) return;
  OfType& of_type = by_type_[binding.resource_type];
  if (binding.pattern_type == AclPatternType::kPrefixed) {
    of_type.prefixed[binding.resource_name].push_back(&*added);
    ++of_type.prefix_sizes[binding.resource_name.size()];
  } else {
    of_type.literal[binding.resource_name].push_back(&*added);
  }
}

void Authorizer::Index::Remove(const AclBinding& binding) {
  const auto found = all_.find(binding);
  if (found == all_.end()) return;
  OfType& of_type = by_type_[binding.resource_type];
  const bool prefixed = binding.pattern_type == AclPatternType::kPrefixed;
  ByName& by_name = prefixed ? of_type.prefixed : of_type.literal;
  Entries& entries = by_name[binding.resource_name];
  std::erase(entries, &*found);
  if (entries.empty()) by_name.erase(binding.resource_name);
  if (prefixed && --of_type.prefix_sizes[binding.resource_name.size()] == 0) {
    of_type.prefix_sizes.erase(binding.resource_name.size());
  }
  all_.erase(found);
}

bool Authorizer::Index::Visit(const ByName& entries, std::string_view name, const See& see) {
  const auto found = entries.find(name);
  if (found == entries.end()) return true;
  for (const AclBinding* const binding : found->second) {
    if (!see(*binding)) return false;
  }
  return true;
}

void Authorizer::Index::ForResource(AclResourceType type, std::string_view name,
                                    const See& see) const {
  const auto found = by_type_.find(type);
  if (found == by_type_.end()) return;
  const OfType& of_type = found->second;
  if (!Visit(of_type.literal, name, see)) return;
  if (name != kWildcard && !Visit(of_type.literal, kWildcard, see)) return;
  for (const auto& [size, count] : of_type.prefix_sizes) {
    if (size > name.size() || !Visit(of_type.prefixed, name.substr(0, size), see)) return;
  }
}

void Authorizer::Index::ForType(AclResourceType type, const See& see) const {
  const auto found = by_type_.find(type);
  if (found == by_type_.end()) return;
  for (const ByName* const by_name : {&found->second.literal, &found->second.prefixed}) {
    for (const auto& [name, entries] : *by_name) {
      if (!Visit(*by_name, name, see)) return;
    }
  }
}

}  // namespace wherry::kafka
