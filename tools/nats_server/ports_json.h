#pragma once

#include <string>
#include <vector>

namespace wherry::nats_server {

// The addresses of this machine's interfaces, as texts: "127.0.0.1", "::1", ...
std::vector<std::string> LocalAddresses();

// A ports file's content in nats-server's form:
// {"nats":["nats://127.0.0.1:4222"],"monitoring":["http://127.0.0.1:8222"]}. A listener at every
// address is shown at each of `addresses`; with `tls`, clients' URLs begin with tls://.
std::string PortsFileJson(const std::vector<std::string>& urls, bool tls,
                          const std::vector<std::string>& addresses);

}  // namespace wherry::nats_server
