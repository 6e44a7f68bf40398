// What /connz is asked for: its parameters, and the order of what it shows.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "broker/nats/account.h"
#include "broker/nats/monitor/connz.h"

namespace wherry::nats {

namespace {

constexpr std::int64_t kDefaultLimit = 1024;

constexpr std::string_view kSorts[] = {"cid",       "start",    "subs",       "pending", "msgs_to",
                                       "msgs_from", "bytes_to", "bytes_from", "last",    "idle",
                                       "uptime",    "stop",     "reason",     "rtt"};

// What sorting compares, except for the reason's text.
std::int64_t SortKey(std::string_view sort, std::int64_t now, const ConnectionInfo& info) {
  const ConnectionCounts& counts = info.counts;
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  if (sort == "subs") return number(info.subscription_count);
  if (sort == "pending") return number(info.pending_bytes);
  if (sort == "msgs_to") return number(counts.out_msgs);
  if (sort == "msgs_from") return number(counts.in_msgs);
  if (sort == "bytes_to") return number(counts.out_bytes);
  if (sort == "bytes_from") return number(counts.in_bytes);
  if (sort == "last") return counts.active_unix_millis;
  if (sort == "idle") return now - counts.active_unix_millis;
  if (sort == "stop") return info.stop_unix_millis;
  if (sort == "rtt") return counts.round_trip.count();
  if (sort == "uptime") {
    return (info.stop_unix_millis == 0 ? now : info.stop_unix_millis) - counts.start_unix_millis;
  }
  return number(info.cid);
}

}  // namespace

ConnzQuery ConnzQuery::Read(Parameters& parameters) {
  ConnzQuery query;
  // In nats-server's order: it matters to which of two errors is told.
  if (std::string sort = parameters.Text("sort"); !sort.empty()) query.sort = std::move(sort);
  query.auth = parameters.Bool("auth");
  if (absl::AsciiStrToLower(parameters.Text("subs")) == "detail") {
    query.subscriptions = Subscriptions::kDetail;
  } else if (parameters.Bool("subs")) {
    query.subscriptions = Subscriptions::kSubjects;
  }
  query.offset = static_cast<std::size_t>(std::max<std::int64_t>(parameters.Int("offset"), 0));
  const std::int64_t limit = parameters.Int("limit");
  query.limit = static_cast<std::size_t>(limit <= 0 ? kDefaultLimit : limit);
  query.cid = parameters.Uint64("cid");
  if (query.cid > 0) query.limit = 1;
  const std::string state = parameters.Text("state");
  const std::string lower = absl::AsciiStrToLower(state);
  if (lower == "closed") {
    query.state = State::kClosed;
  } else if (lower == "any" || lower == "all") {
    query.state = State::kAll;
  } else if (!lower.empty() && lower != "open") {
    parameters.Complain("Error decoding state for " + state);
  }
  query.user = parameters.Text("user");
  query.account = parameters.Text("acc");
  query.mqtt_client = parameters.Text("mqtt_client");
  return query;
}

void ConnzQuery::CheckSort(Parameters& parameters) const {
  if (std::find(std::begin(kSorts), std::end(kSorts), sort) == std::end(kSorts)) {
    parameters.Complain("invalid sorting option: " + sort);
  }
  for (const char* const one : {"stop", "reason"}) {
    if (sort != one || state == State::kClosed) continue;
    parameters.Complain("sort by " + sort + " only valid on closed connections");
  }
}

bool ConnzQuery::Selects(const ConnectionInfo& info) const {
  if (cid > 0 && info.cid != cid) return false;
  const bool open = info.stop_unix_millis == 0;
  // Who asks for an open connection by its number gets it, whatever else the request says.
  if (cid > 0 && open) return true;
  if (!user.empty() && info.user != user) return false;
  // No client here speaks MQTT.
  if (!mqtt_client.empty()) return false;
  if (account.empty()) return true;
  // nats-server forgets that an ended connection was in the default account.
  return info.account == account && (open || account != Account::kGlobalName);
}

void SortConnections(const ConnzQuery& query, std::int64_t now, Connections& list) {
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a->cid < b->cid; });
  if (query.sort == "cid" || query.sort == "start") return;
  // All but two put the greatest first.
  if (query.sort == "reason") {
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
      return TextOf(a->reason) < TextOf(b->reason);
    });
    return;
  }
  const bool ascending = query.sort == "uptime";
  std::stable_sort(list.begin(), list.end(), [&](const auto& a, const auto& b) {
    const std::int64_t left = SortKey(query.sort, now, *a);
    const std::int64_t right = SortKey(query.sort, now, *b);
    return ascending ? left < right : left > right;
  });
}

}  // namespace wherry::nats
