#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace wherry::nats {

class Subscription;

// One message on its way to its subscribers. Views; valid during the delivery.
struct Message {
  std::string_view subject;
  std::string_view reply;
  std::int32_t header_size = -1;  // -1: no headers
  std::string_view payload;       // headers and body, without the closing CRLF
  // What follows "MSG subject sid " on the wire, to the closing CRLF.
  std::string_view tail;
  // The same for a subscriber without headers; empty where it does not differ.
  std::string_view stripped_tail;
  // Keeps the bytes of `tail` alive beyond the delivery; null where they must be copied.
  std::shared_ptr<const void> owner;

  bool has_headers() const { return header_size >= 0; }
};

// Whoever messages are delivered to: a client's connection, a subscriber inside the process.
// Threads: the home shard of its Router.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // `prefix` is "HMSG subject sid "; without its first byte it is what a message without headers
  // needs.
  virtual void Deliver(Subscription& subscription, std::string_view prefix,
                       const Message& message) = 0;
  // False where a delivery would be lost: a queue group then takes another member.
  virtual bool CanTake() const = 0;
};

// One SUB. Owned by its Subscriber's session; the Router refers to it until Unsubscribe.
class Subscription {
 public:
  Subscription(Subscriber& subscriber, std::string_view subject, std::string_view queue,
               std::string_view sid)
      : subscriber(subscriber), subject(subject), queue(queue), sid(sid) {}

  Subscriber& subscriber;
  const std::string subject;
  const std::string queue;  // empty: none
  const std::string sid;
  std::uint64_t delivered = 0;
  std::uint64_t max = 0;  // ends when `delivered` reaches it; 0: no such end
  bool closed = false;
};

}  // namespace wherry::nats
