#include "broker/kafka/security/authorizer.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/core/state_codec.h"
#include "broker/kafka/security/acl_index.h"

namespace wherry::kafka {

namespace {

constexpr std::uint8_t kVersion = 1;

bool IsOf(const Requester& who, const AclBinding& binding) {
  return (binding.host == kWildcard || binding.host == who.host) &&
         (binding.principal == "User:*" || binding.principal == who.principal.ToString());
}

bool Implies(AclOperation allowed, AclOperation wanted) {
  if (allowed == wanted || allowed == AclOperation::kAll) return true;
  switch (wanted) {
    case AclOperation::kDescribe:
      return allowed == AclOperation::kRead || allowed == AclOperation::kWrite ||
             allowed == AclOperation::kDelete || allowed == AclOperation::kAlter;
    case AclOperation::kDescribeConfigs:
      return allowed == AclOperation::kAlterConfigs;
    default:
      return false;
  }
}

bool Covers(AclOperation denied, AclOperation wanted) {
  return denied == wanted || denied == AclOperation::kAll;
}

std::string KeyOf(const AclBinding& binding) {
  std::string bytes;
  core::PutBigEndian(bytes, static_cast<std::int8_t>(binding.resource_type));
  core::PutBigEndian(bytes, static_cast<std::int8_t>(binding.pattern_type));
  core::PutString(bytes, binding.resource_name);
  core::PutString(bytes, binding.principal);
  core::PutString(bytes, binding.host);
  core::PutBigEndian(bytes, static_cast<std::int8_t>(binding.operation));
  core::PutBigEndian(bytes, static_cast<std::int8_t>(binding.permission));
  return bytes;
}

std::optional<AclBinding> BindingOf(std::string_view key) {
  core::StateReader reader{key};
  AclBinding binding;
  binding.resource_type = static_cast<AclResourceType>(reader.Take<std::int8_t>());
  binding.pattern_type = static_cast<AclPatternType>(reader.Take<std::int8_t>());
  binding.resource_name = reader.TakeString();
  binding.principal = reader.TakeString();
  binding.host = reader.TakeString();
  binding.operation = static_cast<AclOperation>(reader.Take<std::int8_t>());
  binding.permission = static_cast<AclPermission>(reader.Take<std::int8_t>());
  if (!reader.Ended() || binding.WhyInvalid().has_value()) return std::nullopt;
  return binding;
}

// Whether one of these begins `name`.
bool HasPrefixOf(const std::set<std::string, std::less<>>& prefixes, std::string_view name) {
  for (std::size_t size = 1; size <= name.size() && !prefixes.empty(); ++size) {
    if (prefixes.contains(name.substr(0, size))) return true;
  }
  return false;
}

}  // namespace

Authorizer::Authorizer(const core::Namespace& home, core::CommitQueue& commits,
                       std::shared_ptr<const SecuritySettings> settings)
    : prefix_(core::StateKey(home, "acls/")),
      commits_(commits),
      settings_(std::move(settings)),
      index_(std::make_shared<Index>()) {}

Authorizer::~Authorizer() = default;

absl::StatusOr<std::unique_ptr<Authorizer>> Authorizer::Open(
    const core::Namespace& home, storage::LogStore& store, core::CommitQueue& commits,
    std::shared_ptr<const SecuritySettings> settings) {
  std::unique_ptr<Authorizer> authorizer(new Authorizer(home, commits, std::move(settings)));
  if (absl::Status status = authorizer->Load(store); !status.ok()) return status;
  return authorizer;
}

absl::Status Authorizer::Load(const storage::LogStore& store) {
  bool good = true;
  const absl::Status scanned =
      store.Scan(prefix_, [&](std::string_view key, std::string_view value) {
        const std::optional<AclBinding> binding = BindingOf(key.substr(prefix_.size()));
        core::StateReader reader{value};
        good = binding.has_value() && reader.Take<std::uint8_t>() == kVersion && reader.Ended();
        if (good) index_->Add(*binding);
        return good;
      });
  if (!scanned.ok()) return scanned;
  return good ? absl::OkStatus() : absl::DataLossError("the record of an ACL is damaged");
}

const std::set<AclBinding>& Authorizer::acls() const { return index_->all(); }

bool Authorizer::Allows(const Requester& who, AclOperation operation, AclResourceType type,
                        std::string_view name) const {
  if (settings_->IsSuperUser(who.principal.ToString())) return true;
  bool any = false, allowed = false, denied = false;
  index_->ForResource(type, name, [&](const AclBinding& binding) {
    any = true;
    if (!IsOf(who, binding)) return true;
    if (binding.permission == AclPermission::kDeny) {
      denied = Covers(binding.operation, operation);
    } else {
      allowed |= Implies(binding.operation, operation);
    }
    return !denied;
  });
  if (denied) return false;
  return any ? allowed : settings_->allow_everyone_if_no_acl_found();
}

bool Authorizer::AllowsSome(const Requester& who, AclOperation operation,
                            AclResourceType type) const {
  // As Kafka: who may do it with a resource that nobody has named may do it with some.
  if (Allows(who, operation, type, "hardcode")) return true;
  std::set<std::string, std::less<>> denied_names, denied_prefixes;
  std::vector<const AclBinding*> allowing;
  bool denied = false;
  index_->ForType(type, [&](const AclBinding& binding) {
    if (!IsOf(who, binding) || !Covers(binding.operation, operation)) return true;
    const bool prefixed = binding.pattern_type == AclPatternType::kPrefixed;
    if (binding.permission == AclPermission::kAllow) {
      allowing.push_back(&binding);
    } else if (!prefixed && binding.resource_name == kWildcard) {
      denied = true;
    } else {
      (prefixed ? denied_prefixes : denied_names).insert(binding.resource_name);
    }
    return !denied;
  });
  if (denied) return false;
  for (const AclBinding* const binding : allowing) {
    if (HasPrefixOf(denied_prefixes, binding->resource_name)) continue;
    const bool literal = binding->pattern_type == AclPatternType::kLiteral;
    if (!literal || !denied_names.contains(binding->resource_name)) return true;
  }
  return false;
}

void Authorizer::Create(std::vector<AclBinding> bindings, Done done) {
  const bool full = index_->all().size() + bindings.size() > kMaxAcls;
  storage::CommitBatch commit;
  std::string value;
  core::PutBigEndian(value, kVersion);
  for (const AclBinding& binding : bindings) {
    if (!full) commit.Put(prefix_ + KeyOf(binding), value);
  }
  commits_.Submit(std::move(commit), [index = index_, bindings = std::move(bindings), full,
                                      done = std::move(done)](const absl::Status& status) mutable {
    if (full) {
      return done(
          absl::ResourceExhaustedError(absl::StrCat("at most ", kMaxAcls, " ACLs are kept")));
    }
    for (const AclBinding& binding : bindings) {
      if (status.ok()) index->Add(binding);
    }
    done(status);
  });
}

void Authorizer::Delete(std::vector<AclBinding> bindings, Done done) {
  storage::CommitBatch commit;
  for (const AclBinding& binding : bindings) commit.Delete(prefix_ + KeyOf(binding));
  commits_.Submit(std::move(commit), [index = index_, bindings = std::move(bindings),
                                      done = std::move(done)](const absl::Status& status) mutable {
    for (const AclBinding& binding : bindings) {
      if (status.ok()) index->Remove(binding);
    }
    done(status);
  });
}

}  // namespace wherry::kafka
