#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "broker/nats/message.h"

namespace wherry::nats {

class Permissions;
class Subscription;

// Whoever messages are delivered to: a client's connection, a subscriber inside the process.
// Threads: the shard of its subscriptions.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // `prefix` is "HMSG subject sid "; without its first byte it is what a message without headers
  // needs.
  virtual void Deliver(Subscription& subscription, std::string_view prefix,
                       const Message& message) = 0;
  // The same for all messages of a run. `formatted` is the run with this prefix as the wire has it,
  // where somebody has made it already; else null.
  virtual void DeliverRun(Subscription& subscription, std::string_view prefix,
                          const MessageRun& run, const FormattedRun* formatted);
  // The id of its connection; 0: it is inside the process.
  virtual std::uint64_t client_id() const { return 0; }
  // False where a delivery would be lost: a queue group then takes another member.
  virtual bool CanTake() const = 0;
};

using SubscriptionPtr = boost::intrusive_ptr<Subscription>;

// One SUB. Its strings lie behind it in the same allocation: a hundred thousand of them cost little
// more than their subjects.
// Threads: shard, the strings and closed() from any; the subscriber and the counts on its shard.
// Shared by its session, the account's trie and the routes that lead to it.
class Subscription {
 public:
  // Strings of at most max_control_line bytes each, which is below 64 KiB times 64 KiB.
  static SubscriptionPtr Make(Subscriber& subscriber, int shard, std::string_view subject,
                              std::string_view queue, std::string_view sid);
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  std::string_view subject() const { return {text(), subject_size_}; }
  std::string_view queue() const { return {text() + subject_size_, queue_size_}; }  // empty: none
  std::string_view sid() const { return {text() + subject_size_ + queue_size_, sid_size_}; }
  int shard() const { return shard_; }
  Subscriber& subscriber() const { return subscriber_; }

  // True from UNSUB on: whoever still has a route to it must not deliver.
  bool closed() const { return closed_.load(std::memory_order_relaxed); }
  void Close() { closed_.store(true, std::memory_order_relaxed); }

  std::uint64_t delivered = 0;
  std::uint64_t max = 0;  // ends when `delivered` reaches it; 0: no such end
  // Set where its user may hear only some of the subjects that it matches; asked while a route is
  // built. Lives as long as the subscription is in its account.
  const Permissions* delivery_check = nullptr;

 private:
  Subscription(Subscriber& subscriber, int shard, std::string_view subject, std::string_view queue,
               std::string_view sid);
  const char* text() const { return reinterpret_cast<const char*>(this + 1); }
  char* text() { return reinterpret_cast<char*>(this + 1); }

  friend void intrusive_ptr_add_ref(Subscription* subscription) {
    subscription->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(Subscription* subscription);

  Subscriber& subscriber_;
  std::atomic<std::uint32_t> references_{0};
  const std::uint32_t subject_size_;
  const std::uint32_t queue_size_;
  const std::uint32_t sid_size_;
  const std::uint16_t shard_;
  std::atomic<bool> closed_{false};
};

}  // namespace wherry::nats
