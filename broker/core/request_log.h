#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wherry::core {

// One operation that a client asked for, and what became of it. A value; what a protocol does not
// have stays empty.
struct LoggedRequest {
  // A partition that it names, with the numbers that request and response gave.
  struct Place {
    std::string topic;
    std::int32_t partition = -1;
    std::int64_t asked = -1;
    std::int64_t answered = -1;
  };

  // Bytes of a message's payload that are kept; `bytes` is its whole size.
  static constexpr std::size_t kMaxPayload = 1024;

  std::uint64_t sequence = 0;    // from 1 on; Add sets it
  std::int64_t unix_millis = 0;  // by the broker's clock
  std::string operation;         // "kafka.Produce", "nats.PUB"
  std::uint64_t connection = 0;  // 0: inside the process
  std::string client;            // what it calls itself
  std::int16_t version = -1;
  std::int32_t correlation_id = -1;
  std::vector<std::string> topics;
  std::vector<std::string> groups;
  std::vector<Place> places;
  std::string subject, reply, queue, sid;
  std::string payload;
  std::uint64_t bytes = 0;
  std::int64_t receivers = -1;  // subscriptions that a message went to; -1: it is no message
  bool answered = false;        // a response was sent, or none is due
  std::string error;            // "NOT_LEADER_OR_FOLLOWER", "Authorization Violation"; "": none
};

// What the clients of one namespace asked for lately: the newest `capacity` operations.
// Threads: any. Shared by the protocols' parts of the namespace; there is none where nobody asked
// for a history, and then a request costs one test of a pointer.
class RequestLog {
 public:
  explicit RequestLog(std::size_t capacity) : capacity_(capacity) {}
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  // Returns its sequence.
  std::uint64_t Add(LoggedRequest request);
  // Calls `change(request)` on one that was added; does nothing if it is forgotten already.
  template <typename Change>
  void Amend(std::uint64_t sequence, Change&& change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::uint64_t first = next_ - requests_.size();
    if (sequence < first || sequence >= next_) return;
    std::forward<Change>(change)(requests_[static_cast<std::size_t>(sequence - first)]);
  }
  // In the order in which they came.
  std::vector<LoggedRequest> All() const;
  // Forgets what there is; sequences go on.
  void Clear();
  // How many were added in all, the forgotten ones too.
  std::uint64_t added() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<LoggedRequest> requests_;
  std::uint64_t next_ = 1;
};

}  // namespace wherry::core
