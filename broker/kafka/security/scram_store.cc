#include "broker/kafka/security/scram_store.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "broker/core/state_codec.h"

namespace wherry::kafka {

namespace {

constexpr std::uint8_t kVersion = 1;

std::string SuffixOf(const ScramStore::Key& key) {
  std::string bytes;
  core::PutString(bytes, key.first);
  core::PutBigEndian(bytes, static_cast<std::uint8_t>(key.second));
  return bytes;
}

std::optional<ScramStore::Key> KeyOf(std::string_view suffix) {
  core::StateReader reader{suffix};
  std::string user = reader.TakeString();
  const auto mechanism = FindScramMechanism(reader.Take<std::int8_t>());
  if (!reader.Ended() || !mechanism.has_value()) return std::nullopt;
  return ScramStore::Key(std::move(user), *mechanism);
}

std::string ValueOf(const ScramCredential& credential) {
  std::string bytes;
  core::PutBigEndian(bytes, kVersion);
  core::PutBigEndian(bytes, credential.iterations);
  core::PutString(bytes, credential.salt);
  core::PutString(bytes, credential.stored_key);
  core::PutString(bytes, credential.server_key);
  return bytes;
}

std::optional<ScramCredential> CredentialOf(std::string_view value) {
  core::StateReader reader{value};
  if (reader.Take<std::uint8_t>() != kVersion) return std::nullopt;
  ScramCredential credential;
  credential.iterations = reader.Take<std::int32_t>();
  credential.salt = reader.TakeString();
  credential.stored_key = reader.TakeString();
  credential.server_key = reader.TakeString();
  return reader.Ended() ? std::optional<ScramCredential>(std::move(credential)) : std::nullopt;
}

}  // namespace

ScramStore::ScramStore(const core::Namespace& home, core::CommitQueue& commits)
    : prefix_(core::StateKey(home, "scram/")),
      commits_(commits),
      credentials_(std::make_shared<std::map<Key, ScramCredential>>()) {}

absl::StatusOr<std::unique_ptr<ScramStore>> ScramStore::Open(const core::Namespace& home,
                                                             storage::LogStore& store,
                                                             core::CommitQueue& commits,
                                                             const SecuritySettings* settings) {
  std::unique_ptr<ScramStore> scram(new ScramStore(home, commits));
  if (settings != nullptr) *scram->credentials_ = settings->scram_credentials();
  if (absl::Status status = scram->Load(store); !status.ok()) return status;
  return scram;
}

absl::Status ScramStore::Load(const storage::LogStore& store) {
  bool good = true;
  const absl::Status scanned =
      store.Scan(prefix_, [&](std::string_view key, std::string_view value) {
        std::optional<Key> user = KeyOf(key.substr(prefix_.size()));
        std::optional<ScramCredential> credential = CredentialOf(value);
        good = user.has_value() && credential.has_value();
        if (good) credentials_->insert_or_assign(*std::move(user), *std::move(credential));
        return good;
      });
  if (!scanned.ok()) return scanned;
  return good ? absl::OkStatus()
              : absl::DataLossError("the record of a user's SCRAM credential is damaged");
}

const ScramCredential* ScramStore::Find(const std::string& user, ScramMechanism mechanism) const {
  const auto found = credentials_->find({user, mechanism});
  return found == credentials_->end() ? nullptr : &found->second;
}

void ScramStore::Alter(std::vector<Change> changes, Done done) {
  storage::CommitBatch commit;
  if (credentials_->size() + changes.size() <= kMaxCredentials) {
    for (const Change& change : changes) {
      const std::string key = prefix_ + SuffixOf(change.key);
      if (change.credential.has_value()) {
        commit.Put(key, ValueOf(*change.credential));
      } else {
        commit.Delete(key);
      }
    }
  }
  const bool full = commit.empty() && !changes.empty();
  commits_.Submit(std::move(commit), [credentials = credentials_, changes = std::move(changes),
                                      full, done = std::move(done)](
                                         const absl::Status& status) mutable {
    if (full) {
      return done(absl::ResourceExhaustedError(
          absl::StrCat("at most ", kMaxCredentials, " SCRAM credentials are kept")));
    }
    for (Change& change : changes) {
      if (!status.ok()) break;
      if (change.credential.has_value()) {
        credentials->insert_or_assign(std::move(change.key), *std::move(change.credential));
      } else {
        credentials->erase(change.key);
      }
    }
    done(status);
  });
}

}  // namespace wherry::kafka
