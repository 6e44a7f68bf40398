#include "broker/nats/closed_connections.h"

#include <utility>

namespace wherry::nats {

void ClosedConnections::Add(ConnectionInfo info) {
  auto entry = std::make_shared<const ConnectionInfo>(std::move(info));
  std::vector<Entry> forgotten;  // destroyed without the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  bytes_ += BytesOf(*entry);
  entries_.push_back(std::move(entry));
  while (!entries_.empty() && (entries_.size() > max_entries_ || bytes_ > max_bytes_)) {
    bytes_ -= BytesOf(*entries_.front());
    forgotten.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
}

std::vector<ClosedConnections::Entry> ClosedConnections::All() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

std::size_t ClosedConnections::BytesOf(const ConnectionInfo& info) {
  std::size_t bytes = sizeof(info) + info.ip.size() + info.name.size() + info.lang.size() +
                      info.version.size() + info.user.size() + info.account.size();
  for (const SubscriptionInfo& subscription : info.subscriptions) {
    bytes += sizeof(subscription) + subscription.account.size() + subscription.subject.size() +
             subscription.queue.size() + subscription.sid.size();
  }
  return bytes;
}

}  // namespace wherry::nats
