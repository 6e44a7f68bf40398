#include "broker/nats/authenticator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "protocol/nats/quote.h"

namespace wherry::nats {

namespace {

constexpr std::array<std::string_view, 7> kConnectionTypes = {
    "STANDARD", "WEBSOCKET", "LEAFNODE", "LEAFNODE_WS", "MQTT", "MQTT_WS", "IN_PROCESS"};

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

bool PresentsNothing(const ConnectOptions& connect) {
  return connect.user.empty() && connect.pass.empty() && connect.auth_token.empty();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Authenticator>> Authenticator::Create(Settings settings) {
  const std::shared_ptr<Authenticator> made(new Authenticator(std::move(settings)));
  const Settings& s = made->settings_;
  if (!s.users.empty() && !s.user.empty()) {
    return Wrong("a single user (", Quote(s.user), ") and a list of users exclude one another");
  }
  if (!s.users.empty() && !s.token.empty()) {
    return Wrong("a token and a list of users exclude one another");
  }
  if (!s.token.empty() && !s.user.empty()) {
    return Wrong("a token and a user (", Quote(s.user), ") exclude one another");
  }
  made->required_ = !s.users.empty() || !s.user.empty() || !s.token.empty();
  made->single_user_.name = s.user;
  for (const User& user : s.users) {
    if (absl::Status added = made->Add(user); !added.ok()) return added;
  }
  if (!s.no_auth_user.empty() && !made->users_.contains(s.no_auth_user) &&
      !made->nkeys_.contains(s.no_auth_user)) {
    return Wrong("no_auth_user ", Quote(s.no_auth_user), " is not among the users");
  }
  return std::shared_ptr<const Authenticator>(made);
}

absl::Status Authenticator::Add(const User& user) {
  if (user.user.empty() && user.nkey.empty()) return Wrong("a user needs a name or an nkey");
  auto entry = std::make_unique<Entry>();
  entry->identity.name = user.nkey.empty() ? user.user : user.nkey;
  const std::string label = absl::StrCat("user ", Quote(entry->identity.name));
  if (!user.nkey.empty()) {
    if (!user.user.empty() || !user.password.empty()) {
      return Wrong(label, ": nkey users take no name and no password");
    }
    entry->nkey = DecodeNkey(user.nkey);
    if (!entry->nkey.has_value() || entry->nkey->kind != NkeyKind::kUser) {
      return Wrong(label, ": not a valid public nkey of a user");
    }
  }
  const auto& accounts = settings_.accounts;
  if (!user.account.empty() &&
      std::find(accounts.begin(), accounts.end(), user.account) == accounts.end()) {
    return Wrong(label, ": there is no account ", Quote(user.account));
  }
  entry->identity.account = user.account;
  entry->password = user.password;
  for (const std::string& type : user.allowed_connection_types) {
    entry->connection_types.push_back(absl::AsciiStrToUpper(type));
    if (std::find(kConnectionTypes.begin(), kConnectionTypes.end(),
                  entry->connection_types.back()) == kConnectionTypes.end()) {
      return Wrong(label, ": unknown connection type ", Quote(type));
    }
  }
  if (user.permissions.has_value()) {
    auto compiled = Permissions::Compile(*user.permissions);
    if (!compiled.ok()) {
      return Wrong(label, ": permissions: ", std::string(compiled.status().message()));
    }
    entry->identity.permissions = *std::move(compiled);
  }
  if (settings_.verify_and_map) entry->distinguished_name = DistinguishedName::Parse(user.user);
  Index& index = entry->nkey.has_value() ? nkeys_ : users_;
  if (!index.emplace(entry->identity.name, entry.get()).second) {
    return Wrong(label, " is there twice");
  }
  entries_.push_back(std::move(entry));
  return absl::OkStatus();
}

const Authenticator::Entry* Authenticator::Find(const Index& index, std::string_view name,
                                                const Attempt& attempt) const {
  const auto found = index.find(name);
  if (found == index.end()) return nullptr;
  const std::vector<std::string>& types = found->second->connection_types;
  const bool allowed = types.empty() || std::find(types.begin(), types.end(),
                                                  attempt.connection_type) != types.end();
  return allowed ? found->second : nullptr;
}

// A name of the certificate that is a user's, literally; else a user whose name spells the
// certificate's subject.
const Authenticator::Entry* Authenticator::FindByCertificate(const Attempt& attempt) const {
  if (attempt.peer == nullptr) return nullptr;
  const PeerNames& peer = *attempt.peer;
  const auto find_any = [&](const std::vector<std::string>& names) -> const Entry* {
    for (const std::string& name : names) {
      if (name.empty()) continue;
      if (const Entry* entry = Find(users_, name, attempt); entry != nullptr) return entry;
    }
    return nullptr;
  };
  for (const auto* names : {&peer.emails, &peer.dns_names, &peer.uris}) {
    if (const Entry* entry = find_any(*names); entry != nullptr) return entry;
  }
  for (const auto same : {&DistinguishedName::SameInOrder, &DistinguishedName::SameInAnyOrder}) {
    for (const auto& entry : entries_) {
      if (peer.subject.has_value() && entry->distinguished_name.has_value() &&
          (*entry->distinguished_name.*same)(*peer.subject) &&
          Find(users_, entry->identity.name, attempt) != nullptr) {
        return entry.get();
      }
    }
  }
  return find_any(peer.subject_texts);
}

Authenticator::Decision Authenticator::Decide(const ConnectOptions& connect,
                                              const Attempt& attempt) const {
  if (!required_) return {&anybody_, std::nullopt};
  const bool as_no_auth_user = PresentsNothing(connect) && !settings_.no_auth_user.empty();
  if (!nkeys_.empty()) {
    const bool by_default = connect.nkey.empty() && as_no_auth_user;
    if (!connect.nkey.empty() || (by_default && nkeys_.contains(settings_.no_auth_user))) {
      return DecideNkey(connect, attempt);
    }
  }
  if (!users_.empty()) {
    const bool by_default = as_no_auth_user && users_.contains(settings_.no_auth_user);
    if (settings_.verify_and_map || by_default || !connect.user.empty()) {
      return DecideUser(connect, attempt);
    }
  }
  if (!settings_.token.empty()) {
    return DecideSecret(anybody_, settings_.token, connect.auth_token);
  }
  if (!settings_.user.empty() && settings_.user == connect.user) {
    return DecideSecret(single_user_, settings_.password, connect.pass);
  }
  return {};
}

Authenticator::Decision Authenticator::DecideNkey(const ConnectOptions& connect,
                                                  const Attempt& attempt) const {
  const std::string_view nkey = connect.nkey.empty() ? settings_.no_auth_user : connect.nkey;
  const Entry* const entry = Find(nkeys_, nkey, attempt);
  if (entry == nullptr) return {};
  if (nkey == settings_.no_auth_user) return {&entry->identity, std::nullopt};
  const std::optional<Signature> signature = DecodeSignature(connect.sig);
  if (attempt.nonce.empty() || !signature.has_value() ||
      !VerifySignature(*entry->nkey, attempt.nonce, *signature)) {
    return {};
  }
  return {&entry->identity, std::nullopt};
}

Authenticator::Decision Authenticator::DecideUser(const ConnectOptions& connect,
                                                  const Attempt& attempt) const {
  if (settings_.verify_and_map) {
    const Entry* const entry = FindByCertificate(attempt);
    if (entry == nullptr) return {};
    return DecideSecret(entry->identity, entry->password, connect.pass);
  }
  if (PresentsNothing(connect)) {
    const Entry* const entry = Find(users_, settings_.no_auth_user, attempt);
    // nats-server presents the configured password in the client's place, and a bcrypt hash is not
    // what it was made of.
    if (entry == nullptr || IsBcrypt(entry->password)) return {};
    return {&entry->identity, std::nullopt};
  }
  const Entry* const entry = Find(users_, connect.user, attempt);
  if (entry == nullptr) return {};
  return DecideSecret(entry->identity, entry->password, connect.pass);
}

Authenticator::Decision Authenticator::DecideSecret(const Identity& identity,
                                                    std::string_view secret,
                                                    std::string_view given) {
  if (IsBcrypt(secret)) {
    return {&identity, PasswordCheck{std::string(given), std::string(secret)}};
  }
  if (!SecretEquals(given, secret)) return {};
  return {&identity, std::nullopt};
}

Authenticator::Decision Authenticator::DecideWithoutConnect(const Attempt& attempt) const {
  if (!required_) return {&anybody_, std::nullopt};
  // nats-server lets a user by name do this, not one by nkey.
  if (!users_.contains(settings_.no_auth_user)) return {};
  return Decide(ConnectOptions(), attempt);
}

}  // namespace wherry::nats
