#include "storage/memtable.h"

namespace wherry::storage {

namespace {

// Walks one memtable's batches of one log.
struct Source {
  const Memtable* memtable;
  std::map<std::int64_t, std::optional<JournaledBatch>>::const_iterator next, end;
};

std::vector<Source> SourcesOf(const std::vector<std::shared_ptr<const Memtable>>& memtables,
                              LogId log, std::int64_t offset) {
  std::vector<Source> sources;
  for (const auto& memtable : memtables) {
    const auto found = memtable->logs.find(log);
    if (found == memtable->logs.end()) continue;
    const auto& batches = found->second.batches;
    sources.push_back({memtable.get(), batches.lower_bound(offset), batches.end()});
  }
  return sources;
}

}  // namespace

MemtableView ViewLog(const std::vector<std::shared_ptr<const Memtable>>& newest_first, LogId log,
                     std::int64_t offset, std::size_t max_entries) {
  std::vector<Source> sources = SourcesOf(newest_first, log, offset);
  MemtableView view;
  while (true) {
    // The first of those that are equal is the newest.
    Source* first = nullptr;
    for (Source& source : sources) {
      if (source.next == source.end) continue;
      if (first == nullptr || source.next->first < first->next->first) first = &source;
    }
    if (first == nullptr) return view;
    const auto [last_offset, batch] = *first->next;
    if (view.entries.size() == max_entries) {
      view.complete_to = last_offset - 1;
      return view;
    }
    view.entries.push_back({last_offset, batch, first->memtable->file});
    for (Source& source : sources) {
      if (source.next != source.end && source.next->first == last_offset) ++source.next;
    }
  }
}

std::map<std::string, std::optional<std::string>> ViewState(
    const std::vector<std::shared_ptr<const Memtable>>& newest_first, std::string_view prefix) {
  std::map<std::string, std::optional<std::string>> found;
  for (const auto& memtable : newest_first) {
    for (auto entry = memtable->state.lower_bound(prefix);
         entry != memtable->state.end() && entry->first.starts_with(prefix); ++entry) {
      found.insert(*entry);
    }
  }
  return found;
}

}  // namespace wherry::storage
