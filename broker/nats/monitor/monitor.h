#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "broker/nats/server.h"
#include "broker/net/http_session.h"
#include "broker/runtime/clock.h"

namespace wherry::nats {

// Where the server can be reached, as /varz tells it.
struct MonitorAddresses {
  std::string host;
  std::uint16_t port = 0;
  std::string http_host;
  std::uint16_t http_port = 0;
  std::uint16_t https_port = 0;
};

// What the pages of one server share: how often each was asked for, what the processor had done
// when it was last asked. The pages are one file each; they gather from all shards and answer
// later.
// Threads: its home shard, where the HTTP connections are; SetAddresses before it runs. Owned by
// the composition root.
class Monitor {
 public:
  Monitor(Server& server, runtime::Shard& home);

  struct Page {
    std::string_view path;
    void (*serve)(Monitor& monitor, const net::HttpRequest& request, const net::HttpReply& reply);
  };
  static std::span<const Page> Pages();

  void SetAddresses(MonitorAddresses addresses) { addresses_ = std::move(addresses); }
  const MonitorAddresses& addresses() const { return addresses_; }

  Server& server() { return server_; }
  runtime::Shard& home() { return home_; }
  std::int64_t NowUnixMillis() const { return home_.clock().UnixMillis(); }

  // For http_req_stats.
  void Count(std::string_view path) { ++requests_[std::string(path)]; }
  const std::map<std::string, std::uint64_t>& requests() const { return requests_; }

  // What the process used of a processor since this was asked last, in percent with one decimal.
  double TakeCpuPercent();

 private:
  Server& server_;
  runtime::Shard& home_;
  MonitorAddresses addresses_;
  std::map<std::string, std::uint64_t> requests_;
  runtime::Instant cpu_since_;
  runtime::Duration cpu_used_;
};

}  // namespace wherry::nats
