#include "broker/kafka/security/settings.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace wherry::kafka {

namespace {

// What Kafka knows and we can check; the last one proves nothing, so it must be asked for.
const std::vector<std::string> kKnownMechanisms = {kPlainMechanism, "SCRAM-SHA-256",
                                                   "SCRAM-SHA-512", kOauthBearerMechanism};

absl::Status CheckMechanisms(const std::vector<std::string>& mechanisms) {
  for (const std::string& mechanism : mechanisms) {
    const auto& known = kKnownMechanisms;
    if (std::find(known.begin(), known.end(), mechanism) != known.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat("kafka.sasl_mechanisms has \"", mechanism,
                                                   "\"; there are ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

absl::Status CheckSuperUsers(const std::vector<std::string>& super_users) {
  for (const std::string& principal : super_users) {
    const std::size_t colon = principal.find(':');
    if (colon != std::string::npos && colon > 0 && colon + 1 < principal.size()) continue;
    return absl::InvalidArgumentError(absl::StrCat("kafka.super_users has \"", principal,
                                                   "\"; write principals like User:admin"));
  }
  return absl::OkStatus();
}

// The hashes of two texts can be compared in a time that depends on neither.
bool SamePassword(std::string_view a, std::string_view b) {
  unsigned char hashes[2][SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(a.data()), a.size(), hashes[0]);
  SHA256(reinterpret_cast<const unsigned char*>(b.data()), b.size(), hashes[1]);
  return CRYPTO_memcmp(hashes[0], hashes[1], SHA256_DIGEST_LENGTH) == 0;
}

}  // namespace

SecuritySettings::SecuritySettings(Given given)
    : given_(std::move(given)),
      super_users_(given_.super_users.begin(), given_.super_users.end()) {
  if (!given_.mechanisms.empty()) return;
  given_.mechanisms.assign(kKnownMechanisms.begin(), kKnownMechanisms.end() - 1);
}

absl::StatusOr<std::shared_ptr<const SecuritySettings>> SecuritySettings::Make(Given given) {
  if (absl::Status status = CheckMechanisms(given.mechanisms); !status.ok()) return status;
  if (absl::Status status = CheckSuperUsers(given.super_users); !status.ok()) return status;
  if (given.max_reauth < runtime::Duration::zero()) {
    return absl::InvalidArgumentError("kafka.max_reauth must not be below 0; 0 means never");
  }
  std::shared_ptr<SecuritySettings> settings(new SecuritySettings(std::move(given)));
  if (absl::Status status = settings->AddUsers(); !status.ok()) return status;
  return settings;
}

absl::Status SecuritySettings::AddUsers() {
  for (const SaslUser& user : given_.users) {
    if (user.name.empty() || user.password.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("kafka.users has a user \"", user.name, "\" without a ",
                       user.name.empty() ? "name" : "password"));
    }
    if (!users_.emplace(user.name, &user).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("kafka.users has two users \"", user.name, "\"; name each once"));
    }
    for (const auto mechanism : {ScramMechanism::kSha256, ScramMechanism::kSha512}) {
      if (!Offers(ScramMechanismName(mechanism))) continue;
      scram_credentials_.emplace(std::pair(user.name, mechanism),
                                 ScramCredential::OfPassword(mechanism, user.password, RandomSalt(),
                                                             ScramCredential::kMinIterations));
    }
  }
  return absl::OkStatus();
}

bool SecuritySettings::Offers(std::string_view mechanism) const {
  const std::vector<std::string>& all = given_.mechanisms;
  return std::find(all.begin(), all.end(), mechanism) != all.end();
}

const SaslUser* SecuritySettings::FindUser(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

bool SecuritySettings::Knows(std::string_view user, std::string_view password) const {
  const SaslUser* const known = FindUser(user);
  const bool same = SamePassword(known == nullptr ? std::string_view() : known->password, password);
  return known != nullptr && same;
}

std::set<std::string> SecuritySettings::Namespaces() const {
  std::set<std::string> names;
  for (const SaslUser& user : given_.users) {
    if (!user.namespace_name.empty()) names.insert(user.namespace_name);
  }
  return names;
}

}  // namespace wherry::kafka
