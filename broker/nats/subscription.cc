#include "broker/nats/subscription.h"

#include <cstring>
#include <new>

namespace wherry::nats {

void Subscriber::DeliverRun(Subscription& subscription, std::string_view prefix,
                            const MessageRun& run, const FormattedRun*) {
  for (std::size_t i = 0; i < run.tails.size() && !subscription.closed(); ++i) {
    ++subscription.delivered;
    Deliver(subscription, prefix, run.At(i));
  }
}

SubscriptionPtr Subscription::Make(Subscriber& subscriber, int shard, std::string_view subject,
                                   std::string_view queue, std::string_view sid) {
  void* const memory =
      ::operator new(sizeof(Subscription) + subject.size() + queue.size() + sid.size());
  return SubscriptionPtr(new (memory) Subscription(subscriber, shard, subject, queue, sid));
}

Subscription::Subscription(Subscriber& subscriber, int shard, std::string_view subject,
                           std::string_view queue, std::string_view sid)
    : subscriber_(subscriber),
      subject_size_(static_cast<std::uint32_t>(subject.size())),
      queue_size_(static_cast<std::uint32_t>(queue.size())),
      sid_size_(static_cast<std::uint32_t>(sid.size())),
      shard_(static_cast<std::uint16_t>(shard)) {
  char* at = text();
  for (const std::string_view part : {subject, queue, sid}) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
}

void intrusive_ptr_release(Subscription* subscription) {
  if (subscription->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  subscription->~Subscription();
  ::operator delete(subscription);
}

}  // namespace wherry::nats
