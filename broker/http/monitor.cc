#include "broker/http/monitor.h"

#include <cstdio>
#include <ctime>

#include <boost/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace wherry::http {

namespace json = boost::json;

namespace {

std::string Rfc3339(std::int64_t unix_millis) {
  const std::time_t seconds = static_cast<std::time_t>(unix_millis / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[32], text[48];
  std::strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text, sizeof(text), "%s.%03dZ", date, static_cast<int>(unix_millis % 1000));
  return text;
}

// "1d2h3m4s", as nats-server writes it.
std::string Uptime(std::int64_t millis) {
  const std::int64_t seconds = millis / 1000;
  std::string text;
  if (seconds >= 86400) text += std::to_string(seconds / 86400) + "d";
  if (seconds >= 3600) text += std::to_string(seconds / 3600 % 24) + "h";
  if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

// Resident memory in bytes; 0 where the kernel does not tell.
std::int64_t ResidentBytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long total = 0, resident = 0;
  const int read = std::fscanf(file, "%ld %ld", &total, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<std::int64_t>(resident) * sysconf(_SC_PAGESIZE) : 0;
}

std::string VarzJson(const Varz& varz) {
  return json::serialize(json::object{
      {"server_id", varz.server_id},
      {"server_name", varz.server_id},
      {"version", varz.version},
      {"proto", 1},
      {"git_commit", varz.git_commit},
      {"go", ""},
      {"host", varz.host},
      {"port", varz.port},
      {"auth_required", varz.auth_required},
      {"max_connections", varz.max_connections},
      {"max_payload", varz.max_payload},
      {"max_control_line", varz.max_control_line},
      {"max_pending", varz.max_pending},
      {"start", Rfc3339(varz.start_unix_millis)},
      {"now", Rfc3339(varz.now_unix_millis)},
      {"uptime", Uptime(varz.now_unix_millis - varz.start_unix_millis)},
      {"mem", ResidentBytes()},
      {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
      {"connections", varz.connections},
      {"total_connections", varz.total_connections},
      {"in_msgs", varz.in_msgs},
      {"out_msgs", varz.out_msgs},
      {"in_bytes", varz.in_bytes},
      {"out_bytes", varz.out_bytes},
      {"slow_consumers", varz.slow_consumers},
      {"stale_connections", varz.stale_connections},
      {"subscriptions", varz.subscriptions},
  });
}

}  // namespace

net::HttpResponse Monitor::Handle(const net::HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    return {405, "text/plain", "only GET and HEAD are served here\n"};
  }
  if (request.path == "/healthz") return {200, "application/json", "{\"status\":\"ok\"}"};
  if (request.path == "/varz") return {200, "application/json", VarzJson(varz_())};
  return {404, "text/plain", "no such page; there are /healthz and /varz\n"};
}

}  // namespace wherry::http
