#include "broker/kafka/security/sift.h"

#include <algorithm>

namespace wherry::kafka {

namespace {

// Kafka's ConfigResource.Type; what is neither belongs to the cluster.
constexpr std::int8_t kTopicConfigs = 2, kGroupConfigs = 32;

template <typename... Names>
bool IsOneOf(std::string_view name, Names... names) {
  return ((name == names) || ...);
}

}  // namespace

void OwnResources::SeeText(std::string_view name, const std::string& text) {
  if (name == "GroupId") {
    found_.push_back({AclResourceType::kGroup, text});
  } else if (IsOneOf(name, "TransactionalId", "V3AndBelowTransactionalId")) {
    found_.push_back({AclResourceType::kTransactionalId, text});
  } else if (name == "Key") {
    key_ = text;
  } else if (name == "ResourceName" && resource_type_.has_value()) {
    switch (*resource_type_) {
      case kTopicConfigs:
        return found_.push_back({AclResourceType::kTopic, text});
      case kGroupConfigs:
        return found_.push_back({AclResourceType::kGroup, text});
      default:
        return found_.push_back({AclResourceType::kCluster, kClusterName});
    }
  }
}

void OwnResources::SeeNumber(std::string_view name, std::int8_t number) {
  if (name == "KeyType") key_type_ = number;
  if (name == "ResourceType") resource_type_ = number;
}

// Of share groups' keys only the cluster itself may ask.
AclResourceType OwnResources::KeyType() const {
  switch (key_type_) {
    case 0:
      return AclResourceType::kGroup;
    case 1:
      return AclResourceType::kTransactionalId;
    default:
      return AclResourceType::kCluster;
  }
}

std::vector<NamedResource> OwnResources::Found() const {
  std::vector<NamedResource> found = found_;
  if (key_.has_value()) found.push_back({KeyType(), *key_});
  return found;
}

std::optional<NamedResource> OwnResources::FoundIn(std::string_view array,
                                                   const std::string& text) const {
  if (IsOneOf(array, "TopicNames", "Topics", "SubscribedTopicNames")) {
    return NamedResource{AclResourceType::kTopic, text};
  }
  if (IsOneOf(array, "GroupsNames", "Groups", "GroupIds")) {
    return NamedResource{AclResourceType::kGroup, text};
  }
  if (array == "TransactionalIds") return NamedResource{AclResourceType::kTransactionalId, text};
  if (array == "CoordinatorKeys") return NamedResource{KeyType(), text};
  return std::nullopt;
}

std::vector<ErrorCode> ArraySieve::Verdicts() const {
  std::vector<ErrorCode> each;
  for (const std::vector<Verdict>& verdicts : verdicts_) {
    for (const Verdict& verdict : verdicts) {
      if (!verdict.about_something) continue;
      if (std::find(each.begin(), each.end(), verdict.error) == each.end()) {
        each.push_back(verdict.error);
      }
    }
  }
  return each;
}

}  // namespace wherry::kafka
