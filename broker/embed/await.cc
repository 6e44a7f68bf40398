#include "broker/embed/await.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/embed/condition_look.h"
#include "broker/embed/refusals.h"
#include "broker/embed/waiters.h"
#include "broker/kafka/session.h"
#include "broker/nats/session.h"
#include "protocol/kafka/consumer_assignment.h"

namespace wherry::embed {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Lines = std::vector<std::string>;

// What AwaitIdle says at its limit is as long as a person reads.
constexpr std::size_t kMaxLines = 50;

// On a shard: calls `visit` for each of its connected NATS clients in the namespace.
template <typename Visit>
void ForEachNatsClient(const NamespaceState& state, runtime::Shard& shard, Visit visit) {
  for (nats::Session* const session : state.nats_state->server.On(shard).sessions()) {
    if (&session->account() == &state.account && session->connected()) visit(*session);
  }
}

void AddNatsClients(const NamespaceState& state, runtime::Shard& shard, Lines& lines) {
  ForEachNatsClient(state, shard, [&lines](const nats::Session& session) {
    if (!session.owes_pong()) return;
    const nats::ConnectionInfo info = session.Describe(false);
    lines.push_back(absl::StrCat(
        "NATS client ", info.cid, info.name.empty() ? "" : absl::StrCat(" ", Quoted(info.name)),
        " has not read all that it was sent",
        info.pending_bytes == 0 ? "" : absl::StrCat(": ", info.pending_bytes, " bytes wait here")));
  });
}

void AddPartitions(const kafka::Topic& topic, Lines& lines) {
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    const core::Partition& partition = *topic.partitions[i];
    const std::int64_t under_way = partition.next_offset() - partition.high_watermark();
    if (under_way == 0) continue;
    lines.push_back(absl::StrCat("topic ", Quoted(topic.name), " partition ", i, ": ", under_way,
                                 under_way == 1 ? " record is" : " records are",
                                 " not committed yet"));
  }
}

void AddMember(kafka::Cluster& cluster, const std::string& group,
               const core::GroupDescription::Member& member, Lines& lines) {
  const auto assignment = member.partitions.empty()
                              ? kafka::ParseConsumerAssignment(member.assignment)
                              : std::optional(member.partitions);
  if (!assignment.has_value()) return;
  for (const auto& [name, partitions] : *assignment) {
    const kafka::Topic* const topic = cluster.topics().Find(name);
    if (topic == nullptr) continue;
    for (const std::int32_t partition : partitions) {
      const std::string lag = SayLag(cluster, group, *topic, partition);
      if (lag.empty()) continue;
      lines.push_back(absl::StrCat("group ", Quoted(group), " has committed ", lag, " of topic ",
                                   Quoted(name), "; member ", member.member_id, " is to"));
    }
  }
}

// Groups with members: nobody is about to consume for the others.
void AddGroups(kafka::Cluster& cluster, Lines& lines) {
  for (const core::GroupListing& listing : cluster.groups().List()) {
    const core::GroupDescription group = cluster.groups().Describe(listing.group_id);
    if (group.state == core::GroupState::kEmpty || group.state == core::GroupState::kDead) continue;
    if (!group.all_synced) {
      lines.push_back(absl::StrCat("group ", Quoted(listing.group_id), ": ", SayGroup(group)));
      continue;
    }
    for (const auto& member : group.members) {
      AddMember(cluster, listing.group_id, member, lines);
    }
  }
}

void AddKafka(kafka::Cluster& cluster, Lines& lines) {
  for (const kafka::Session* const session : cluster.sessions()) {
    for (const std::string& what : session->Unfinished()) {
      lines.push_back(absl::StrCat("Kafka client ", Quoted(session->info().client_id), " at ",
                                   session->info().remote, ": ", what));
    }
  }
  for (const auto& [name, topic] : cluster.topics().topics()) AddPartitions(*topic, lines);
  AddGroups(cluster, lines);
}

// What has not come to rest, each in a line. False: the broker stopped.
bool GatherPending(const NamespaceState& state, Lines& lines) {
  return state.shards->OnEach([&](runtime::Shard& shard) {
    shard.HideTurn();
    AddNatsClients(state, shard, lines);
    const bool is_home = shard.index() == state.nats_state->server.home().shard().index();
    if (is_home && state.cluster != nullptr) AddKafka(*state.cluster, lines);
  });
}

// Messages that NATS clients of the namespace have sent and got; `barrier`: and asks each of them
// for a sign behind all of these.
std::uint64_t NatsMessages(const NamespaceState& state, bool barrier) {
  std::uint64_t messages = 0;
  state.shards->OnEach([&](runtime::Shard& shard) {
    shard.HideTurn();
    ForEachNatsClient(state, shard, [&](nats::Session& session) {
      messages += session.messages();
      if (barrier) session.SendBarrier();
    });
  });
  return messages;
}

Status NotIdle(milliseconds limit, Lines lines) {
  const std::size_t more = lines.size() > kMaxLines ? lines.size() - kMaxLines : 0;
  lines.resize(lines.size() - more);
  if (more > 0) lines.push_back(absl::StrCat("and ", more, " more"));
  return {StatusCode::kDeadlineExceeded,
          absl::StrCat("waited ", limit.count(), " ms for the broker to come to rest; it has not:",
                       "\n  ", absl::StrJoin(lines, "\n  "))};
}

}  // namespace

Status Await(const std::shared_ptr<NamespaceState>& state, const Condition& condition,
             milliseconds limit) {
  if (runtime::Shard::Current() != nullptr) return FromCallback("Await");
  if (Status status = CheckCondition(condition); !status.ok()) return status;
  const Waiters::Outcome outcome =
      state->waiters->Await([&] { return Holds(condition, *state, nullptr); },
                            steady_clock::now() + limit);
  if (outcome == Waiters::Outcome::kHolds) return {};
  std::string seen;
  bool holds = false;
  const bool running =
      outcome != Waiters::Outcome::kStopped &&
      state->nats_state->link->Run([&] { holds = Holds(condition, *state, &seen); });
  if (!running) return Stopped();
  // At the last moment.
  if (holds) return {};
  return {StatusCode::kDeadlineExceeded, absl::StrCat("waited ", limit.count(), " ms for ",
                                                      condition.ToString(), ": ", seen)};
}

// Round after round: every NATS client is asked for a PONG behind what it was sent, and what it
// sent; when all have answered, and Kafka has nothing under way, no message may have come since the
// round began.
Status AwaitIdle(const std::shared_ptr<NamespaceState>& state, milliseconds limit) {
  if (runtime::Shard::Current() != nullptr) return FromCallback("AwaitIdle");
  const steady_clock::time_point deadline = steady_clock::now() + limit;
  Waiters::Change change(*state->waiters);
  while (true) {
    // What one shard has for another is on its way before the other is asked.
    if (!state->shards->OnEach([](runtime::Shard& shard) { shard.HideTurn(); })) return Stopped();
    const std::uint64_t before = NatsMessages(*state, true);
    Lines lines;
    while (true) {
      lines.clear();
      if (!GatherPending(*state, lines)) return Stopped();
      if (lines.empty()) break;
      const Waiters::Outcome outcome = change.Wait(deadline);
      if (outcome == Waiters::Outcome::kStopped) return Stopped();
      if (steady_clock::now() >= deadline) return NotIdle(limit, std::move(lines));
    }
    const std::uint64_t after = NatsMessages(*state, false);
    if (after == before) return {};
    if (steady_clock::now() > deadline) {
      return NotIdle(limit, {"NATS clients go on sending, or come and go"});
    }
  }
}

}  // namespace wherry::embed
