// Groups that read without committing, and those that began behind records they wait for.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "broker/embed/lint_rules.h"

namespace wherry::embed {

namespace {

using TopicPartition = LintSubject::TopicPartition;

std::string Name(const TopicPartition& place) {
  return absl::StrCat(place.first, "[", place.second, "]");
}

std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }

// Reads the log in its order. A Fetch names no group: it is taken for that of the group of which a
// member with the same client.id has been assigned the partition. Where that is true of several
// groups, the one that committed most is believed to have read most.
class KafkaLint {
 public:
  explicit KafkaLint(const LintSubject& subject) : subject_(subject) {}

  void Find(std::vector<LintFinding>& findings) {
    for (const RequestInfo& request : subject_.requests) Read(request);
    for (const auto& [reader, end] : read_to_) FindUncommitted(reader, end, findings);
    for (LintFinding& finding : late_) findings.push_back(std::move(finding));
  }

 private:
  struct Reader {
    std::string client;
    TopicPartition place;
    auto operator<=>(const Reader&) const = default;
  };

  void Read(const RequestInfo& request) {
    if (!request.answered || !request.error.empty()) return;
    for (const RequestPlace& place : request.places) {
      const Reader reader{request.client, {place.topic, place.partition}};
      if (request.operation == "kafka.SyncGroup") {
        for (const std::string& group : request.groups) groups_[reader].insert(group);
      } else if (request.operation == "kafka.OffsetFetch") {
        ends_.erase(reader);
        if (place.answered == kNone) {
          without_offset_.insert(reader);
        } else {
          without_offset_.erase(reader);
        }
      } else if (request.operation == "kafka.ListOffsets") {
        constexpr std::int64_t kLatest = -1;
        if (place.asked == kLatest && without_offset_.contains(reader)) {
          ends_[reader] = place.answered;
        }
      } else if (request.operation == "kafka.Fetch") {
        ReadFetch(reader, place);
      }
    }
  }

  void ReadFetch(const Reader& reader, const RequestPlace& place) {
    if (!groups_.contains(reader)) return;
    if (const auto end = ends_.find(reader); end != ends_.end()) {
      if (end->second == place.asked) FindLate(reader, place.asked);
      ends_.erase(end);
      without_offset_.erase(reader);
    }
    if (place.answered == kNone) return;
    std::int64_t& read_to = read_to_.try_emplace(reader, kNone).first->second;
    read_to = std::max(read_to, place.answered);
  }

  void FindLate(const Reader& reader, std::int64_t began) {
    const auto bounds = subject_.bounds.find(reader.place);
    if (bounds == subject_.bounds.end() || bounds->second.start_offset >= began) return;
    const std::int64_t missed = began - bounds->second.start_offset;
    late_.push_back(
        {LintRule::kLateSubscription,
         absl::StrCat("group ", Names(groups_.at(reader)), " began at the end of ",
                      Name(reader.place), ", offset ", began, ", and will not read the ", missed,
                      missed == 1 ? " record" : " records",
                      " that were there before: start the consumer and wait for it "
                      "(Await(GroupStable(...))) before producing, or set "
                      "auto.offset.reset=earliest")});
  }

  void FindUncommitted(const Reader& reader, std::int64_t end,
                       std::vector<LintFinding>& findings) const {
    // A topic or a group that was deleted has nothing to commit any more.
    if (!subject_.bounds.contains(reader.place)) return;
    const std::set<std::string>& groups = groups_.at(reader);
    std::int64_t committed = kNone;
    bool exists = false;
    for (const std::string& group : groups) {
      const auto of_group = subject_.committed.find(group);
      if (of_group == subject_.committed.end()) continue;
      exists = true;
      const auto found = of_group->second.find(reader.place);
      if (found != of_group->second.end()) committed = std::max(committed, found->second);
    }
    if (!exists || committed >= end) return;
    findings.push_back(
        {LintRule::kUncommittedRead,
         absl::StrCat("group ", Names(groups), " was sent ", Name(reader.place), " up to offset ",
                      end, " (client ", Quoted(reader.client), "), but has committed ",
                      committed == kNone ? std::string("nothing") : absl::StrCat(committed),
                      ": it would get what lies between once more; commit what is processed, or "
                      "close the consumer so that it does")});
  }

  static std::string Names(const std::set<std::string>& groups) {
    std::string names;
    for (const std::string& group : groups) {
      absl::StrAppend(&names, names.empty() ? "" : " or ", Quoted(group));
    }
    return names;
  }

  static constexpr std::int64_t kNone = -1;

  const LintSubject& subject_;
  std::map<Reader, std::set<std::string>> groups_;  // that were assigned it
  std::set<Reader> without_offset_;         // its group was told that it had committed nothing
  std::map<Reader, std::int64_t> ends_;     // and then asked where the partition ends
  std::map<Reader, std::int64_t> read_to_;  // behind the last record that was sent
  std::vector<LintFinding> late_;
};

}  // namespace

void FindKafkaLint(const LintSubject& subject, std::vector<LintFinding>& findings) {
  KafkaLint(subject).Find(findings);
}

}  // namespace wherry::embed
