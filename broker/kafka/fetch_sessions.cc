#include "broker/kafka/fetch_sessions.h"

#include <limits>
#include <utility>

namespace wherry::kafka {

std::int32_t FetchSessions::Add(std::shared_ptr<FetchList> list) {
  if (list->size() == 0 || !MakeRoom(list->size())) return 0;
  std::int32_t id = 0;
  while (id == 0 || sessions_.contains(id)) {
    id = static_cast<std::int32_t>(home_.random().Next() & INT32_MAX);
  }
  FetchSession& session = sessions_[id];
  session.list = std::move(list);
  session.created = home_.clock().Now();
  Touch(session);
  return id;
}

FetchSession* FetchSessions::Find(std::int32_t id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void FetchSessions::Remove(std::int32_t id) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) Erase(found);
}

void FetchSessions::Erase(Sessions::iterator session) {
  partitions_ -= session->second.counted;
  // A fetch that is under way keeps the list, and nobody will hear of its partitions.
  session->second.list->StopWatching();
  sessions_.erase(session);
}

void FetchSessions::Touch(FetchSession& session) {
  session.used = home_.clock().Now();
  partitions_ += session.list->size() - std::exchange(session.counted, session.list->size());
}

// Makes room for a session of `partitions` as Kafka does: by the session that was not used for
// longest, if that is long ago, else by the smallest of those that are old, if that is smaller.
bool FetchSessions::MakeRoom(std::size_t partitions) {
  while (sessions_.size() >= kMaxSessions || !HasRoom(partitions)) {
    if (sessions_.empty()) return false;
    const runtime::Instant safe_since = home_.clock().Now() - kKeepAtLeast;
    auto unused = sessions_.begin();
    auto smallest = sessions_.end();
    for (auto session = sessions_.begin(); session != sessions_.end(); ++session) {
      if (session->second.used < unused->second.used) unused = session;
      if (session->second.created > safe_since || session->second.counted >= partitions) continue;
      if (smallest == sessions_.end() || session->second.counted < smallest->second.counted) {
        smallest = session;
      }
    }
    if (unused->second.used < safe_since) {
      Erase(unused);
    } else if (smallest != sessions_.end()) {
      Erase(smallest);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace wherry::kafka
