#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/core/commit_queue.h"
#include "broker/core/namespace.h"
#include "broker/kafka/security/scram.h"
#include "broker/kafka/security/settings.h"

namespace wherry::kafka {

// The SCRAM credentials of one namespace's users (KIP-554): those that the broker was started with,
// and those that clients have made, which are kept in the store (storage/FORMAT.md) and go before
// the others. One that is deleted and was given at the start comes back with the next start.
// Threads: the home shard only. Owned by the Cluster.
class ScramStore {
 public:
  using Done = core::CommitQueue::Done;
  using Key = std::pair<std::string, ScramMechanism>;

  // Credentials that a namespace may hold: clients make them.
  static constexpr std::size_t kMaxCredentials = 100'000;

  struct Change {
    Key key;
    std::optional<ScramCredential> credential;  // nullopt: deleted
  };

  // kDataLoss: a credential of the store cannot be read. `settings` may be null: nobody is given.
  static absl::StatusOr<std::unique_ptr<ScramStore>> Open(const core::Namespace& home,
                                                          storage::LogStore& store,
                                                          core::CommitQueue& commits,
                                                          const SecuritySettings* settings);

  // nullptr: the user has none for this mechanism.
  const ScramCredential* Find(const std::string& user, ScramMechanism mechanism) const;
  const std::map<Key, ScramCredential>& all() const { return *credentials_; }
  // All of them or none; they hold from when `done` runs, which is a later task.
  // kResourceExhausted: more than kMaxCredentials.
  void Alter(std::vector<Change> changes, Done done);

 private:
  ScramStore(const core::Namespace& home, core::CommitQueue& commits);
  absl::Status Load(const storage::LogStore& store);

  const std::string prefix_;
  core::CommitQueue& commits_;
  // Shared with what is under way in the commit queue.
  std::shared_ptr<std::map<Key, ScramCredential>> credentials_;
};

}  // namespace wherry::kafka
