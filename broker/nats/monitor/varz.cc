// GET /varz: the server, its limits, its counts. No parameters.
//
// Left out, as nats-server leaves them out where they do not apply: the fields of clusters,
// gateways, leaf nodes, JetStream, MQTT, WebSocket and JWT; also feature_flags (all are
// JetStream's) and system_account, which Wherry does not have.
#include <sched.h>
#include <unistd.h>

#include <cstdio>

#include "absl/strings/ascii.h"
#include "broker/nats/monitor/json.h"
#include "broker/nats/monitor/pages.h"
#include "broker/nats/monitor/parameters.h"

namespace wherry::nats {

namespace json = boost::json;

namespace {

// Resident memory in bytes; 0 where the kernel does not tell.
std::int64_t ResidentBytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long total = 0, resident = 0;
  const int read = std::fscanf(file, "%ld %ld", &total, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<std::int64_t>(resident) * sysconf(_SC_PAGESIZE) : 0;
}

// Those the process may run on.
int Cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

double Seconds(runtime::Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

json::object OfClients(std::uint64_t clients) {
  return {{"clients", clients}, {"routes", 0}, {"gateways", 0}, {"leafs", 0}};
}

void WriteIdentity(Monitor& monitor, json::object& varz) {
  Server& server = monitor.server();
  const Configuration& configuration = server.home().configuration();
  const Settings& settings = configuration.settings;
  const MonitorAddresses& addresses = monitor.addresses();
  varz["server_id"] = server.server_id();
  varz["server_name"] = server.home().server_name();
  varz["version"] = std::string(Server::kNatsVersion);
  varz["proto"] = 1;
  varz["git_commit"] = std::string("wherry-") + WHERRY_VERSION;
  varz["go"] = "";
  const AdvertisedAddress& advertised = settings.client_advertise;
  varz["host"] = advertised.host.empty() ? addresses.host : advertised.host;
  varz["port"] = advertised.host.empty() ? addresses.port : advertised.port;
  if (configuration.authenticator->required_in_info()) varz["auth_required"] = true;
  if (const auto& tls = settings.tls.acceptor; tls != nullptr) {
    if (!settings.tls.allow_non_tls) varz["tls_required"] = true;
    if (tls->settings().verify) varz["tls_verify"] = true;
  }
}

void WriteLimits(Monitor& monitor, json::object& varz) {
  // The default of nats-server, which shows it without TLS too.
  constexpr double kTlsTimeout = 2;
  const Settings& settings = monitor.server().home().settings();
  varz["max_connections"] = settings.max_connections;
  if (settings.max_subscriptions > 0) varz["max_subscriptions"] = settings.max_subscriptions;
  varz["ping_interval"] = settings.ping_interval.count();
  varz["ping_max"] = settings.max_pings_out;
  varz["http_host"] = monitor.addresses().http_host;
  varz["http_port"] = monitor.addresses().http_port;
  varz["http_base_path"] = "";
  varz["https_port"] = monitor.addresses().https_port;
  varz["auth_timeout"] = Seconds(settings.auth_timeout);
  varz["max_control_line"] = settings.max_control_line;
  varz["max_payload"] = settings.max_payload;
  varz["max_pending"] = settings.max_pending;
  for (const char* const part : {"cluster", "gateway", "leaf", "mqtt", "websocket", "jetstream"}) {
    varz[part] = json::object();
  }
  const auto& tls = settings.tls.acceptor;
  varz["tls_timeout"] = tls == nullptr ? kTlsTimeout : Seconds(tls->settings().timeout);
  varz["write_deadline"] = settings.write_deadline.count();
}

void WriteCounts(Monitor& monitor, json::object& varz) {
  const Totals totals = monitor.server().CurrentTotals();
  varz["connections"] = totals.connections;
  varz["total_connections"] = totals.total_connections;
  for (const char* const none : {"routes", "remotes", "leafnodes"}) varz[none] = 0;
  varz["in_msgs"] = totals.in_msgs;
  varz["in_bytes"] = totals.in_bytes;
  varz["in_client_msgs"] = totals.in_msgs;
  varz["in_client_bytes"] = totals.in_bytes;
  varz["out_msgs"] = totals.out_msgs;
  varz["out_bytes"] = totals.out_bytes;
  varz["out_client_msgs"] = totals.out_msgs;
  varz["out_client_bytes"] = totals.out_bytes;
  varz["slow_consumers"] = totals.slow_consumers;
  varz["stale_connections"] = totals.stale_connections;
  varz["stalled_clients"] = totals.stalled_clients;
  varz["subscriptions"] = totals.subscriptions;
  json::object& requests = varz["http_req_stats"].emplace_object();
  for (const auto& [path, count] : monitor.requests()) requests[path] = count;
}

void WriteRest(Monitor& monitor, json::object& varz) {
  const Settings& settings = monitor.server().home().settings();
  const Totals totals = monitor.server().CurrentTotals();
  varz["config_load_time"] = GoTime(monitor.server().home().configured_unix_millis());
  varz["config_digest"] = "";
  if (!settings.server_tags.empty()) {
    json::array& tags = varz["tags"].emplace_array();
    for (const std::string& tag : settings.server_tags)
      tags.emplace_back(absl::AsciiStrToLower(tag));
  }
  if (!settings.server_metadata.empty()) {
    json::object& metadata = varz["metadata"].emplace_object();
    for (const auto& [key, value] : settings.server_metadata) metadata[key] = value;
  }
  varz["slow_consumer_stats"] = OfClients(totals.slow_consumers);
  varz["stale_connection_stats"] = OfClients(totals.stale_connections);
  varz["disk_io_wait_stats"] =
      json::object{{"waiters", 0}, {"waits", 0}, {"wait_time", 0}, {"max_wait_time", 0}};
}

}  // namespace

void ServeVarz(Monitor& monitor, const net::HttpRequest&, const net::HttpReply& reply) {
  monitor.Count("/varz");
  const std::int64_t start = monitor.server().start_unix_millis();
  const std::int64_t now = monitor.NowUnixMillis();
  json::object varz;
  WriteIdentity(monitor, varz);
  WriteLimits(monitor, varz);
  varz["start"] = GoTime(start);
  varz["now"] = GoTime(now);
  varz["uptime"] = Uptime(now - start);
  varz["mem"] = ResidentBytes();
  varz["cores"] = Cores();
  varz["gomaxprocs"] = Cores();
  varz["cpu"] = monitor.TakeCpuPercent();
  WriteCounts(monitor, varz);
  WriteRest(monitor, varz);
  reply.Send(JsonPage(IndentedJson(varz)));
}

}  // namespace wherry::nats
