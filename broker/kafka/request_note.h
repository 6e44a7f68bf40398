#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "broker/core/request_log.h"
#include "broker/kafka/request_subjects.h"

namespace wherry::kafka {

// The place of one request in the log, to which its answer is added.
// Threads: the connection's shard. Owned by the request's ResponseSlot.
class RequestNote {
 public:
  // `names` must outlive it.
  RequestNote(std::shared_ptr<core::RequestLog> log, std::uint64_t sequence,
              const TopicNames& names)
      : log_(std::move(log)), sequence_(sequence), names_(names) {}

  const TopicNames& names() const { return names_; }

  // A response was sent.
  void Answered(const RequestSubjects& response);
  // No response was sent, and none is due; `error` says why, where that is one.
  void Ended(std::string_view error);

 private:
  const std::shared_ptr<core::RequestLog> log_;
  const std::uint64_t sequence_;
  const TopicNames& names_;
};

}  // namespace wherry::kafka
