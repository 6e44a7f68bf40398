#include "tests/conformance/nats/monitor_clients.h"

#include <gtest/gtest.h>

#include "tests/conformance/support/http_client.h"

namespace wherry::conformance {

RawSocket NamedClient(const NatsServer& server, const std::string& name,
                      const std::string& commands, const std::string& fields) {
  RawSocket client(AddressOfUrl(server.url()));
  client.TakeLine();
  client.Send("CONNECT {\"verbose\":false,\"name\":\"" + name +
              "\",\"lang\":\"raw\",\"version\":\"1.2\"" + fields + "}\r\n" + commands + "PING\r\n");
  EXPECT_TRUE(client.AwaitText("PONG\r\n")) << name;
  return client;
}

void EndClientsForEveryReason(const NatsServer& server) {
  { NamedClient(server, "Client Closed", "SUB gone q 1\r\n"); }
  AwaitEnded(server, 1);
  NamedClient(server, "Read Error").Reset();
  AwaitEnded(server, 2);
  const std::pair<std::string, std::string> words[] = {
      {"Protocol Violation", "NONSENSE\r\n"},
      {"Protocol Violation", "PUB a b c d\r\n"},
      {"Protocol Violation", "CONNECT {\r\n"},
      {"Maximum Message Payload Exceeded", "PUB a 99999999\r\n"},
      {"Maximum Control Line Exceeded", "SUB " + std::string(5000, 'a') + " 1\r\n"},
      {"Bad Client Protocol Version", "CONNECT {\"protocol\":7}\r\n"},
      {"No Responders Requires Headers", "CONNECT {\"headers\":false,\"no_responders\":true}\r\n"}};
  std::size_t ended = 2;
  for (const auto& [reason, word] : words) {
    RawSocket client = NamedClient(server, reason);
    client.Send(word);
    EXPECT_TRUE(client.AwaitClosed()) << reason;
    AwaitEnded(server, ++ended);
  }
}

void AwaitEnded(const NatsServer& server, std::size_t count) {
  const Deadline deadline;
  std::size_t known = 0;
  while (known < count && !deadline.Passed()) {
    known = HttpGetJson(server.monitor_url(), "/connz?state=closed&limit=1")
                .at("total")
                .to_number<std::size_t>();
  }
  EXPECT_EQ(known, count);
}

}  // namespace wherry::conformance
