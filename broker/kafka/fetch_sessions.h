#pragma once

#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "broker/kafka/fetch_list.h"
#include "broker/runtime/shard.h"

namespace wherry::kafka {

// What a client that fetches again and again need not say each time (KIP-227).
struct FetchSession {
  std::int32_t epoch = 1;  // of the next request
  std::shared_ptr<FetchList> list;
  std::size_t counted = 0;  // of its partitions, in FetchSessions' sum
  runtime::Instant created;
  runtime::Instant used;
};

// The fetch sessions of one cluster. They belong to no connection, so what bounds them is their
// number, and that of their partitions; a client that gets none sends its whole request each time.
//
// Threads: the home shard only. Owned by the Cluster.
class FetchSessions {
 public:
  // As Kafka's max.incremental.fetch.session.cache.slots.
  static constexpr std::size_t kMaxSessions = 1000;
  // Of all sessions; one takes some 300 bytes.
  static constexpr std::size_t kMaxPartitions = 500'000;
  // As Kafka's min.incremental.fetch.session.eviction.ms: so long a session is safe.
  static constexpr std::chrono::minutes kKeepAtLeast{2};

  explicit FetchSessions(runtime::Shard& home) : home_(home) {}

  // The id of a new session; 0: there is no room for it.
  std::int32_t Add(std::shared_ptr<FetchList> list);
  // nullptr: no such session. It holds until the next Add or Remove.
  FetchSession* Find(std::int32_t id);
  void Remove(std::int32_t id);
  // Whether `more` partitions may be put into sessions.
  bool HasRoom(std::size_t more) const { return partitions_ + more <= kMaxPartitions; }
  // A request has used the session, and changed its list.
  void Touch(FetchSession& session);
  std::size_t size() const { return sessions_.size(); }

 private:
  using Sessions = absl::flat_hash_map<std::int32_t, FetchSession>;
  bool MakeRoom(std::size_t partitions);
  void Erase(Sessions::iterator session);

  runtime::Shard& home_;
  Sessions sessions_;
  std::size_t partitions_ = 0;
};

}  // namespace wherry::kafka
