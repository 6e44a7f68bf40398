#include "broker/embed/connections.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/ask.h"
#include "broker/kafka/session.h"
#include "broker/nats/inspect.h"
#include "broker/nats/monitor/gather.h"

namespace wherry::embed {

namespace {

using Connections = std::vector<ConnectionInfo>;

std::chrono::system_clock::time_point TimeOf(std::int64_t unix_millis) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(unix_millis));
}

ConnectionInfo InfoOf(const nats::ConnectionInfo& connection) {
  ConnectionInfo info;
  info.protocol = "nats";
  info.id = connection.cid;
  const bool is_v6 = connection.ip.find(':') != std::string::npos;
  info.remote = is_v6 ? absl::StrCat("[", connection.ip, "]:", connection.port)
                      : absl::StrCat(connection.ip, ":", connection.port);
  info.client = connection.name;
  info.library = LibraryText(connection.lang, connection.version);
  info.user = connection.user;
  info.since = TimeOf(connection.counts.start_unix_millis);
  info.in_bytes = connection.counts.in_bytes;
  info.out_bytes = connection.counts.out_bytes;
  info.requests = connection.counts.in_msgs;
  info.subscriptions = connection.subscription_count;
  return info;
}

ConnectionInfo InfoOf(const kafka::ConnectionInfo& connection) {
  ConnectionInfo info;
  info.protocol = "kafka";
  info.id = connection.id;
  info.remote = connection.remote;
  info.client = connection.client_id;
  info.library = LibraryText(connection.software_name, connection.software_version);
  info.since = TimeOf(connection.start_unix_millis);
  info.in_bytes = connection.in_bytes;
  info.out_bytes = connection.out_bytes;
  info.requests = connection.requests;
  return info;
}

void SortById(Connections& connections) {
  std::sort(connections.begin(), connections.end(),
            [](const ConnectionInfo& a, const ConnectionInfo& b) { return a.id < b.id; });
}

}  // namespace

std::string LibraryText(const std::string& name, const std::string& version) {
  return name.empty() || version.empty() ? name : absl::StrCat(name, " ", version);
}

StatusOr<Connections> ConnectionsOf(NamespaceState& state) {
  using Shares = std::vector<Connections>;
  const auto ask = [&state](Promise<absl::StatusOr<Connections>> promise) {
    const nats::Account* const account = state.nats_state->account;
    if (account == nullptr) {
      return promise.Keep(absl::UnavailableError("the namespace has ended"));
    }
    nats::Server& server = state.nats_state->server;
    nats::Gather<Connections>(
        server, server.home().shard(),
        [account](nats::ServerShard& part) {
          Connections share;
          for (const nats::ConnectionInfo& one : nats::ConnectionsOf(part, *account)) {
            share.push_back(InfoOf(one));
          }
          return share;
        },
        [&state, promise = std::move(promise)](Shares shares) mutable {
          Connections all;
          for (Connections& share : shares) {
            std::move(share.begin(), share.end(), std::back_inserter(all));
          }
          SortById(all);
          Connections of_kafka;
          if (state.cluster != nullptr) {
            for (const kafka::Session* const session : state.cluster->sessions()) {
              of_kafka.push_back(InfoOf(session->info()));
            }
          }
          SortById(of_kafka);
          std::move(of_kafka.begin(), of_kafka.end(), std::back_inserter(all));
          promise.Keep(std::move(all));
        });
  };
  return Ask<Connections>(*state.nats_state->link, ask);
}

}  // namespace wherry::embed
