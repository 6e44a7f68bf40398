#include "tests/bench/cases.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/bench/connections_run.h"
#include "tests/bench/publish_run.h"
#include "tests/bench/request_run.h"

namespace wherry::bench {
namespace {

using Kind = Case::Kind;

constexpr std::uint64_t kMiB = 1024 * 1024;

// Small payloads are bounded by `messages`, large ones by `bytes`; both take about a second.
constexpr Case kCases[] = {
    {.name = "publish",
     .title = "publish only",
     .kind = Kind::kPublish,
     .bytes = 2048 * kMiB,
     .messages = 6'000'000},
    {.name = "publish8",
     .title = "publish only, 8 connections",
     .kind = Kind::kPublish,
     .publishers = 8,
     .bytes = 2048 * kMiB,
     .messages = 6'000'000},
    {.name = "1to1", .title = "1 to 1", .bytes = 768 * kMiB, .messages = 3'000'000},
    {.name = "fanout10",
     .title = "fan-out 10",
     .subscribers = 10,
     .bytes = 80 * kMiB,
     .messages = 500'000},
    {.name = "fanout100",
     .title = "fan-out 100",
     .subscribers = 100,
     .bytes = 8 * kMiB,
     .messages = 50'000},
    {.name = "fanout1000",
     .title = "fan-out 1,000",
     .subscribers = 1000,
     .bytes = kMiB,
     .messages = 5'000},
    {.name = "queue4",
     .title = "queue group of 4",
     .subscribers = 4,
     .queue = true,
     .bytes = 768 * kMiB,
     .messages = 2'000'000},
    {.name = "fanin8",
     .title = "fan-in 8 to 1",
     .publishers = 8,
     .bytes = 768 * kMiB,
     .messages = 2'000'000},
    {.name = "pairs8",
     .title = "8 pairs",
     .publishers = 8,
     .subscribers = 8,
     .paired = true,
     .bytes = 768 * kMiB,
     .messages = 3'000'000},
    {.name = "pairs64",
     .title = "64 pairs",
     .publishers = 64,
     .subscribers = 64,
     .paired = true,
     .bytes = 768 * kMiB,
     .messages = 3'000'000},
    {.name = "request1",
     .title = "request-reply, 1 pair",
     .kind = Kind::kRequest,
     .messages = 8'000},
    {.name = "request64",
     .title = "request-reply, 64 pairs",
     .kind = Kind::kRequest,
     .publishers = 64,
     .messages = 50'000},
    {.name = "inbox64",
     .title = "request-reply, 64 pairs, an inbox each",
     .kind = Kind::kRequest,
     .publishers = 64,
     .own_inbox = true,
     .messages = 50'000},
    {.name = "paced", .title = "paced 20k msg/s", .pace = 20'000, .messages = 40'000},
    {.name = "scattered",
     .title = "1 to 1, 100 subjects",
     .subjects = 100,
     .bytes = 768 * kMiB,
     .messages = 2'000'000},
    {.name = "scattered10",
     .title = "fan-out 10, 100 subjects",
     .subscribers = 10,
     .subjects = 100,
     .bytes = 80 * kMiB,
     .messages = 300'000},
    {.name = "subscriptions100k",
     .title = "100,000 subscriptions, 2 matches",
     .subscribers = 10,
     .many_subscriptions = true,
     .bytes = 256 * kMiB,
     .messages = 200'000},
    {.name = "connections",
     .title = "2,000 connections",
     .kind = Kind::kConnections,
     .publishers = 2000},
};

std::vector<std::string> Subjects(int publisher, int count) {
  std::vector<std::string> subjects;
  for (int i = 0; i < count; ++i) {
    char text[32];
    // 37 and 100 have no common divisor: every subject comes, none next to its neighbour.
    std::snprintf(text, sizeof text, count == 1 ? "bench.%02d" : "bench.%02d.%02d", publisher,
                  i * 37 % 100);
    subjects.push_back(text);
  }
  return subjects;
}

// 99,000 literal subjects on five connections and 1,000 wildcards on five others: whatever is
// published goes to exactly one of each.
Flow ManySubscriptions(std::size_t payload, std::uint64_t messages) {
  constexpr int kFirst = 990;
  constexpr int kSecond = 100;
  constexpr int kConnections = 5;
  Flow flow;
  flow.payload = payload;
  flow.per_publisher = messages;
  flow.groups.resize(2);
  for (Flow::Group& group : flow.groups) {
    group.share = DeliveryCheck::Share::kShared;
    group.members.resize(kConnections);
  }
  flow.subjects.resize(1);
  for (int i = 0; i < kFirst * kSecond; ++i) {
    char text[32];
    // 7919 is prime: the subjects come in an order without any locality.
    const int mixed = static_cast<int>(i * 7919ll % (kFirst * kSecond));
    std::snprintf(text, sizeof text, "many.%03d.%02d", mixed / kSecond, mixed % kSecond);
    flow.subjects[0].push_back(text);
    flow.groups[0].members[i % kConnections].push_back(text);
  }
  for (int i = 0; i < 1000; ++i) {
    char text[32];
    std::snprintf(text, sizeof text, "many.%03d.*", i);
    flow.groups[1].members[i % kConnections].push_back(text);
  }
  return flow;
}

}  // namespace

std::span<const Case> AllCases() { return kCases; }

const Case* FindCase(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCases), std::end(kCases),
                                   [&](const Case& row) { return row.name == name; });
  return found == std::end(kCases) ? nullptr : found;
}

Flow FlowOf(const Case& row, std::size_t payload, std::uint64_t messages) {
  if (row.many_subscriptions) return ManySubscriptions(payload, messages);
  Flow flow;
  flow.payload = payload;
  flow.per_publisher = messages;
  flow.distinct_sids = row.subjects > 1;
  flow.pace = row.pace;
  std::vector<std::string> all;
  for (int p = 0; p < row.publishers; ++p) {
    flow.subjects.push_back(Subjects(p, row.subjects));
    all.insert(all.end(), flow.subjects[p].begin(), flow.subjects[p].end());
    if (row.paired) {
      flow.groups.push_back({DeliveryCheck::Share::kEvery, p, "", {flow.subjects[p]}});
    }
  }
  if (row.paired) return flow;
  Flow::Group group;
  group.members.assign(row.subscribers, all);
  if (row.queue) {
    group.share = DeliveryCheck::Share::kShared;
    group.queue = "workers";
  }
  flow.groups.push_back(std::move(group));
  return flow;
}

absl::StatusOr<Measurement> RunCase(const Case& row, const Target& target, std::size_t payload,
                                    double scale) {
  std::uint64_t total = row.messages;
  if (row.bytes != 0) total = std::min<std::uint64_t>(total, row.bytes / payload);
  total =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(total) * scale));
  const std::uint64_t each = std::max<std::uint64_t>(1, total / row.publishers);
  switch (row.kind) {
    case Kind::kPublish:
      return PublishRun(target, row.publishers, payload, each).Execute();
    case Kind::kRequest:
      return RequestRun(target, row.publishers, row.own_inbox ? Inbox::kOwn : Inbox::kShared,
                        payload, each)
          .Execute();
    case Kind::kConnections:
      return ConnectionsRun(target, row.publishers).Execute();
    case Kind::kDeliver:
      break;
  }
  return DeliveryRun(target, FlowOf(row, payload, each)).Execute();
}

}  // namespace wherry::bench
