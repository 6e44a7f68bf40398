#include "broker/nats/account.h"

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

// Holds every shard's lock, taken in the same order by all.
class Account::AllLocked {
 public:
  explicit AllLocked(const std::vector<Lock>& locks) : locks_(locks) {
    for (const Lock& lock : locks_) lock.mutex.lock();
  }
  ~AllLocked() {
    for (const Lock& lock : locks_) lock.mutex.unlock();
  }

 private:
  const std::vector<Lock>& locks_;
};

Account::Account(Entry entry, std::string name, AccountLimits limits, int shards)
    : entry_(entry),
      name_(std::move(name)),
      name_space_{name_ == kGlobalName ? core::kDefaultNamespace : name_},
      limits_(limits),
      locks_(static_cast<std::size_t>(shards)) {}

std::size_t Account::SlotOf(std::string_view subject) {
  return absl::HashOf(absl::string_view(subject.data(), subject.size())) % kSlots;
}

void Account::Subscribe(const SubscriptionPtr& subscription) {
  const AllLocked locked(locks_);
  trie_.Insert(subscription->subject(), subscription);
  subscription_count_.fetch_add(1, std::memory_order_relaxed);
  insert_count_.fetch_add(1, std::memory_order_relaxed);
  Changed(subscription->subject());
}

void Account::Unsubscribe(Subscription& subscription) {
  subscription.Close();
  const AllLocked locked(locks_);
  trie_.Remove(subscription.subject(), SubscriptionPtr(&subscription));
  subscription_count_.fetch_sub(1, std::memory_order_relaxed);
  Changed(subscription.subject());
}

void Account::Changed(std::string_view subject) {
  if (HasWildcard(subject)) {
    wildcard_version_.fetch_add(1, std::memory_order_release);
  } else {
    literal_versions_[SlotOf(subject)].fetch_add(1, std::memory_order_release);
  }
}

bool Account::AddConnection() {
  const std::int64_t before = connection_count_.fetch_add(1, std::memory_order_relaxed);
  if (limits_.max_connections < 0 || before < limits_.max_connections) return true;
  RemoveConnection();
  return false;
}

}  // namespace wherry::nats
