#include "tools/nats_server/ports_json.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

#include "tools/nats_server/text.h"

namespace wherry::nats_server {

std::vector<std::string> LocalAddresses() {
  std::vector<std::string> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(first, freeifaddrs);
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    char text[NI_MAXHOST] = "";
    if (getnameinfo(entry->ifa_addr, size, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    // Without the zone that a link-local address has here.
    addresses.push_back(std::string(text).substr(0, std::string(text).find('%')));
  }
  return addresses;
}

std::string PortsFileJson(const std::vector<std::string>& urls, bool tls,
                          const std::vector<std::string>& addresses) {
  std::string nats;
  std::string monitoring;
  for (const std::string& url : urls) {
    const bool is_nats = url.starts_with("nats://");
    std::string& list = is_nats ? nats : monitoring;
    const std::string scheme =
        is_nats ? (tls ? "tls" : "nats") : url.substr(0, url.find("://"));
    const std::string rest = url.substr(url.find("://") + 3);
    const auto add = [&](const std::string& address) {
      list += (list.empty() ? "" : ",") + JsonString(scheme + "://" + address);
    };
    if (!rest.starts_with("*:")) {
      add(rest);
      continue;
    }
    for (const std::string& address : addresses)
      add(JoinHostPort(address, std::stol(rest.substr(2))));
  }
  std::string json;
  if (!nats.empty()) json += "\"nats\":[" + nats + "]";
  if (!monitoring.empty())
    json += (json.empty() ? "" : ",") + ("\"monitoring\":[" + monitoring) + "]";
  return "{" + json + "}";
}

}  // namespace wherry::nats_server
