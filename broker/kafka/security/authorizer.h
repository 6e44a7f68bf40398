#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/namespace.h"
#include "broker/kafka/security/acl.h"
#include "broker/kafka/security/principal.h"
#include "broker/kafka/security/settings.h"

namespace wherry::kafka {

// Who asks, and from where.
struct Requester {
  Principal principal;
  std::string host;  // "127.0.0.1"
};

// Decides who may do what in one namespace, as Kafka's StandardAuthorizer does:
//
//   super users may do everything;
//   an entry that denies is stronger than any that allows, whatever their patterns;
//   to be allowed to read, write, delete or alter is to be allowed to describe, and to alter
//   configurations to describe them; to be denied one of them denies no other;
//   what no entry speaks of, for whatever principal, is denied, or open to everybody, as
//   allow.everyone.if.no.acl.found says; what some entry speaks of, but none for you, is denied.
//
// The entries are kept in the store's state (storage/FORMAT.md).
// Threads: the home shard only. Owned by the Cluster.
class Authorizer {
 public:
  using Done = core::CommitQueue::Done;

  // Entries that a namespace may hold: clients make them.
  static constexpr std::size_t kMaxAcls = 100'000;

  // kDataLoss: an entry of the store cannot be read.
  static absl::StatusOr<std::unique_ptr<Authorizer>> Open(
      const core::Namespace& home, storage::LogStore& store, core::CommitQueue& commits,
      std::shared_ptr<const SecuritySettings> settings);
  ~Authorizer();

  bool Allows(const Requester& who, AclOperation operation, AclResourceType type,
              std::string_view name) const;
  // Whether there may be a resource of that type for which Allows says yes.
  bool AllowsSome(const Requester& who, AclOperation operation, AclResourceType type) const;

  const std::set<AclBinding>& acls() const;
  // All of them; they hold from when `done` runs, which is a later task. Entries that are there
  // already, or are not, change nothing. kResourceExhausted: more than kMaxAcls.
  void Create(std::vector<AclBinding> bindings, Done done);
  void Delete(std::vector<AclBinding> bindings, Done done);

 private:
  // The entries, by what they speak of.
  class Index;

  Authorizer(const core::Namespace& home, core::CommitQueue& commits,
             std::shared_ptr<const SecuritySettings> settings);
  absl::Status Load(const storage::LogStore& store);

  const std::string prefix_;
  core::CommitQueue& commits_;
  const std::shared_ptr<const SecuritySettings> settings_;
  std::shared_ptr<Index> index_;  // shared with what is under way in the commit queue
};

}  // namespace wherry::kafka
