#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "broker/nats/distinguished_name.h"
#include "broker/nats/password.h"
#include "broker/nats/permissions.h"
#include "broker/nats/user.h"
#include "protocol/nats/connect.h"
#include "protocol/nats/nkey.h"

namespace wherry::nats {

// Who a connection turned out to be.
struct Identity {
  std::string name;     // the user's name or nkey; empty: whoever knew the token
  std::string account;  // empty: the default one
  std::shared_ptr<const Permissions> permissions;  // null: everything is allowed
};

// The names in a client's certificate, in the order of the certificate.
struct PeerNames {
  std::vector<std::string> emails;
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  std::optional<DistinguishedName> subject;
  // As text: with the domain components ("CN=a,O=b,DC=c,DC=d") where there are any, and without.
  std::vector<std::string> subject_texts;
};

// Decides who a client is by what it presents in CONNECT.
// Threads: immutable after Create, any. Shared by the servers of all shards.
class Authenticator {
 public:
  struct Settings {
    std::string token;
    std::string user;
    std::string password;
    std::vector<User> users;
    std::vector<std::string> accounts;  // names that users may have
    std::string no_auth_user;
    bool verify_and_map = false;  // a user is who the certificate says
  };

  // What a client presents besides CONNECT.
  struct Attempt {
    std::string_view nonce;  // the one that its INFO had
    std::string_view connection_type = kStandard;
    const PeerNames* peer = nullptr;  // null: no certificate
  };

  // `identity` and `check` null: refused. `check` set: `identity` is granted if the password, which
  // takes long to check, matches. Identities live as long as the Authenticator.
  struct Decision {
    const Identity* identity = nullptr;
    std::optional<PasswordCheck> check;

    bool granted() const { return identity != nullptr && !check.has_value(); }
    bool refused() const { return identity == nullptr; }
  };

  static constexpr std::string_view kStandard = "STANDARD";

  // An error says which setting is wrong and how.
  static absl::StatusOr<std::shared_ptr<const Authenticator>> Create(Settings settings);

  // False: everybody may connect, and Decide grants everybody all of the default account.
  bool required() const { return required_; }
  // What INFO's auth_required says: with a no_auth_user it is not needed to present anything.
  bool required_in_info() const { return required_ && settings_.no_auth_user.empty(); }
  // Whether INFO must have a nonce.
  bool needs_nonce() const { return !nkeys_.empty(); }

  Decision Decide(const ConnectOptions& connect, const Attempt& attempt) const;
  // For a client that begins with something else than CONNECT.
  Decision DecideWithoutConnect(const Attempt& attempt) const;

 private:
  struct Entry {
    Identity identity;
    std::string password;
    std::optional<Nkey> nkey;
    std::vector<std::string> connection_types;
    std::optional<DistinguishedName> distinguished_name;  // what the user's name spells
  };
  using Index = absl::flat_hash_map<std::string_view, const Entry*, std::hash<std::string_view>,
                                    std::equal_to<std::string_view>>;

  explicit Authenticator(Settings settings) : settings_(std::move(settings)) {}

  absl::Status Add(const User& user);
  const Entry* Find(const Index& index, std::string_view name, const Attempt& attempt) const;
  const Entry* FindByCertificate(const Attempt& attempt) const;
  Decision DecideNkey(const ConnectOptions& connect, const Attempt& attempt) const;
  Decision DecideUser(const ConnectOptions& connect, const Attempt& attempt) const;
  static Decision DecideSecret(const Identity& identity, std::string_view secret,
                               std::string_view given);

  const Settings settings_;
  bool required_ = false;
  Identity anybody_;
  Identity single_user_;
  std::vector<std::unique_ptr<const Entry>> entries_;
  Index users_;
  Index nkeys_;
};

}  // namespace wherry::nats
