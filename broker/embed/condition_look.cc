#include "broker/embed/condition_look.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/kafka/group_error.h"
#include "broker/nats/permissions.h"
#include "protocol/nats/subject.h"

namespace wherry::embed {

namespace {

// Names and places that a person is shown; more are counted.
constexpr std::size_t kShown = 10;

std::string Listed(const std::vector<std::string>& all) {
  const std::size_t shown = std::min(all.size(), kShown);
  std::string text = absl::StrJoin(all.begin(), all.begin() + static_cast<long>(shown), ", ");
  if (all.size() > shown) absl::StrAppend(&text, " and ", all.size() - shown, " more");
  return text;
}

std::string There(std::int64_t count) {
  return count == 1 ? "there is 1" : absl::StrCat("there are ", count);
}

std::int64_t CountSubscriptions(const NamespaceState& state, std::string_view subject) {
  const int shard = state.nats_state->server.home().shard().index();
  std::int64_t count = 0;
  if (nats::HasWildcard(subject)) {
    state.account.ForEachSubscription(shard, [&](const nats::SubscriptionPtr& subscription) {
      if (subscription->subject() == subject) ++count;
    });
    return count;
  }
  state.account.ForEachMatch(shard, subject, [&](const nats::SubscriptionPtr& subscription) {
    const nats::Permissions* const check = subscription->delivery_check;
    if (check == nullptr || check->MayDeliver(subject, subscription->queue())) ++count;
  });
  return count;
}

std::string SeenSubscriptions(const NamespaceState& state, std::int64_t count) {
  const int shard = state.nats_state->server.home().shard().index();
  std::set<std::string> subjects;
  state.account.ForEachSubscription(shard, [&](const nats::SubscriptionPtr& subscription) {
    if (subscription->subject().starts_with("_INBOX.")) return;  // of requests
    subjects.insert(Quoted(subscription->subject()));
  });
  const std::vector<std::string> all(subjects.begin(), subjects.end());
  return absl::StrCat(There(count), "; ",
                      all.empty() ? "nobody is subscribed to anything"
                                  : absl::StrCat("what is subscribed to: ", Listed(all)));
}

bool HoldsSubscribed(const Condition& condition, const NamespaceState& state, bool wanted,
                     std::string* seen) {
  const std::int64_t count = CountSubscriptions(state, condition.name);
  if (seen != nullptr) *seen = SeenSubscriptions(state, count);
  return wanted ? count >= condition.count : count == 0;
}

bool HoldsGroup(const Condition& condition, const NamespaceState& state, bool stable,
                std::string* seen) {
  if (state.cluster == nullptr) {
    if (seen != nullptr) *seen = "the broker has crashed, and is not restarted yet";
    return !stable;
  }
  const core::GroupDescription group = state.cluster->groups().Describe(condition.name);
  if (seen != nullptr) *seen = SayGroup(group);
  if (!stable) return group.members.empty();
  return group.state == core::GroupState::kStable && group.all_synced &&
         static_cast<std::int64_t>(group.members.size()) >= condition.count;
}

bool HoldsConsumed(const Condition& condition, const NamespaceState& state, std::string* seen) {
  const kafka::Topic* const topic =
      state.cluster == nullptr ? nullptr : state.cluster->topics().Find(condition.name);
  if (topic == nullptr) {
    if (seen != nullptr) *seen = "there is no such topic";
    return false;
  }
  bool written = false;
  std::vector<std::string> behind;
  for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
    written |= topic->partitions[i]->high_watermark() > 0;
    std::string lag =
        SayLag(*state.cluster, condition.group, *topic, static_cast<std::int32_t>(i));
    if (!lag.empty()) behind.push_back(std::move(lag));
  }
  if (seen != nullptr) {
    *seen = written ? absl::StrCat("it has committed ", Listed(behind))
                    : "nothing was written to it";
  }
  return written && behind.empty();
}

bool HoldsRecords(const Condition& condition, const NamespaceState& state, std::string* seen) {
  const kafka::Topic* const topic =
      state.cluster == nullptr ? nullptr : state.cluster->topics().Find(condition.name);
  std::int64_t count = 0;
  if (topic != nullptr) {
    for (const auto& partition : topic->partitions) {
      count += partition->high_watermark() - partition->start_offset();
    }
  }
  if (seen != nullptr) {
    *seen = topic == nullptr ? "there is no such topic" : absl::StrCat("it holds ", count);
  }
  return topic != nullptr && count >= condition.count;
}

bool HoldsConnections(const Condition& condition, const NamespaceState& state, std::string* seen) {
  std::int64_t count = 0;
  if (condition.name == "nats") {
    count = state.account.connection_count();
  } else if (state.cluster != nullptr) {
    count = static_cast<std::int64_t>(state.cluster->sessions().size());
  }
  if (seen != nullptr) *seen = There(count);
  return count == condition.count;
}

}  // namespace

std::string Quoted(std::string_view name) { return absl::StrCat("\"", std::string(name), "\""); }

std::string SayGroup(const core::GroupDescription& group) {
  if (group.state == core::GroupState::kDead) return "there is no such group";
  std::vector<std::string> members;
  for (const auto& member : group.members) members.push_back(member.member_id);
  std::string text = absl::StrCat("it is ", kafka::StateName(group.state), " with ", members.size(),
                                  members.size() == 1 ? " member" : " members");
  if (!members.empty()) absl::StrAppend(&text, " (", Listed(members), ")");
  if (group.state == core::GroupState::kStable && !group.all_synced) {
    absl::StrAppend(&text, ", of which not all have fetched their assignments");
  }
  return text;
}

std::string SayLag(kafka::Cluster& cluster, std::string_view group, const kafka::Topic& topic,
                   std::int32_t partition) {
  const core::Partition* const in = topic.partition(partition);
  if (in == nullptr) return "";
  const std::int64_t committed = cluster.offsets()
                                     .Fetch(group, topic.name, partition)
                                     .value_or(core::CommittedOffset())
                                     .offset;
  const std::int64_t end = in->high_watermark();
  if (end <= std::max(committed, in->start_offset())) return "";
  return absl::StrCat(committed < 0 ? "nothing" : absl::StrCat(committed), " of ", end,
                      " in partition ", partition);
}

Status CheckCondition(const Condition& condition) {
  const auto invalid = [&condition](std::string_view why) -> Status {
    return {StatusCode::kInvalidArgument,
            absl::StrCat("cannot wait for ", condition.ToString(), ": ", std::string(why))};
  };
  if (!IsConditionKind(condition.kind)) return ParseCondition(condition.kind).status();
  if (condition.name.empty()) return invalid("it names nothing");
  if (condition.count < 0) return invalid("the number is negative");
  if (condition.kind == "connections" && condition.name != "nats" && condition.name != "kafka") {
    return invalid("the protocols are nats and kafka");
  }
  if (condition.kind.starts_with("nats.") && !nats::IsValidSubject(condition.name)) {
    return invalid("that is no subject");
  }
  return {};
}

bool Holds(const Condition& condition, const NamespaceState& state, std::string* seen) {
  if (condition.kind == "nats.subscribed") return HoldsSubscribed(condition, state, true, seen);
  if (condition.kind == "nats.unsubscribed") return HoldsSubscribed(condition, state, false, seen);
  if (condition.kind == "kafka.group.stable") return HoldsGroup(condition, state, true, seen);
  if (condition.kind == "kafka.group.empty") return HoldsGroup(condition, state, false, seen);
  if (condition.kind == "kafka.consumed") return HoldsConsumed(condition, state, seen);
  if (condition.kind == "kafka.records") return HoldsRecords(condition, state, seen);
  return HoldsConnections(condition, state, seen);
}

}  // namespace wherry::embed
