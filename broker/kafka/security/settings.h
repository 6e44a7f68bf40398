#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/kafka/security/scram.h"
#include "broker/runtime/clock.h"

namespace wherry::kafka {

inline constexpr char kPlainMechanism[] = "PLAIN";
inline constexpr char kOauthBearerMechanism[] = "OAUTHBEARER";

// A user that the broker was started with.
struct SaslUser {
  std::string name;
  std::string password;
  std::string namespace_name;  // whose topics and groups it sees; empty: its listener's
};

// What the broker asks of its Kafka clients, whatever namespace they come to.
// Threads: immutable once made, any. Shared by clusters and listeners.
class SecuritySettings {
 public:
  struct Given {
    std::vector<std::string> mechanisms;  // empty: those that need a password
    std::vector<SaslUser> users;
    runtime::Duration max_reauth{0};
    bool authorizer = false;
    std::vector<std::string> super_users;  // "User:admin"
    bool allow_everyone_if_no_acl_found = false;
  };

  // Works out the users' SCRAM credentials: milliseconds for each of them. kInvalidArgument names
  // the option that cannot work.
  static absl::StatusOr<std::shared_ptr<const SecuritySettings>> Make(Given given);
  SecuritySettings(const SecuritySettings&) = delete;
  SecuritySettings& operator=(const SecuritySettings&) = delete;

  // In the order in which clients are told of them.
  const std::vector<std::string>& mechanisms() const { return given_.mechanisms; }
  bool Offers(std::string_view mechanism) const;
  // nullptr: there is none of that name.
  const SaslUser* FindUser(std::string_view name) const;
  // Whether it is one, and its password is this; takes the same time for every wrong one.
  bool Knows(std::string_view user, std::string_view password) const;

  using ScramCredentials = std::map<std::pair<std::string, ScramMechanism>, ScramCredential>;
  const ScramCredentials& scram_credentials() const { return scram_credentials_; }

  // As connections.max.reauth.ms; 0: nobody need say again who they are.
  runtime::Duration max_reauth() const { return given_.max_reauth; }
  bool authorizer() const { return given_.authorizer; }
  bool IsSuperUser(const std::string& principal) const { return super_users_.contains(principal); }
  bool allow_everyone_if_no_acl_found() const { return given_.allow_everyone_if_no_acl_found; }
  // Each once, without those of listeners.
  std::set<std::string> Namespaces() const;

 private:
  explicit SecuritySettings(Given given);
  absl::Status AddUsers();

  Given given_;
  std::map<std::string, const SaslUser*, std::less<>> users_;
  std::set<std::string, std::less<>> super_users_;
  ScramCredentials scram_credentials_;
};

}  // namespace wherry::kafka
