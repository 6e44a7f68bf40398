#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "broker/nats/connection_info.h"

namespace wherry::nats {

// The connections that ended last, for /connz: at most so many, and at most so many bytes; the
// oldest are forgotten first.
// Threads: any. Owned by the server.
class ClosedConnections {
 public:
  using Entry = std::shared_ptr<const ConnectionInfo>;

  static constexpr std::size_t kMaxBytes = 32 * 1024 * 1024;

  explicit ClosedConnections(std::size_t max_entries, std::size_t max_bytes = kMaxBytes)
      : max_entries_(max_entries), max_bytes_(max_bytes) {}

  void Add(ConnectionInfo info);
  // From the oldest to the newest.
  std::vector<Entry> All() const;

 private:
  static std::size_t BytesOf(const ConnectionInfo& info);

  const std::size_t max_entries_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace wherry::nats
