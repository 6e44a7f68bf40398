#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nats/nats.h>

#include "tests/conformance/support/deadline.h"

// cnats, with owners instead of destroy calls.
namespace wherry::conformance {

struct CnatsDeleter {
  void operator()(natsConnection* connection) const {
    natsConnection_Close(connection);
    natsConnection_Destroy(connection);
  }
  void operator()(natsSubscription* subscription) const { natsSubscription_Destroy(subscription); }
  void operator()(natsMsg* message) const { natsMsg_Destroy(message); }
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using NatsConnection = std::unique_ptr<natsConnection, CnatsDeleter>;
using NatsSub = std::unique_ptr<natsSubscription, CnatsDeleter>;
using NatsMsg = std::unique_ptr<natsMsg, CnatsDeleter>;
using NatsConnectOptions = std::unique_ptr<natsOptions, CnatsDeleter>;

NatsConnectOptions ConnectOptions(const std::string& url);
// Fails the test if the connection is refused.
NatsConnection Connect(const std::string& url);
NatsConnection Connect(const NatsConnectOptions& options);
// What connecting says, where it is meant to fail.
natsStatus TryConnect(const NatsConnectOptions& options);

// A subscription read by Next; `queue` empty: none. The server knows it when this returns.
NatsSub Subscribe(const NatsConnection& connection, const std::string& subject,
                  const std::string& queue = "");
// The next message, or nullptr after `patience`.
NatsMsg Next(const NatsSub& subscription, std::chrono::milliseconds patience = kPatience);
std::string_view DataOf(const NatsMsg& message);
std::string HeaderOf(const NatsMsg& message, const char* name);

void Publish(const NatsConnection& connection, const std::string& subject,
             std::string_view payload);
// Waits until the server has handled everything sent before.
void Flush(const NatsConnection& connection);

// Payloads of the next `count` messages; fewer if they do not come in time.
std::vector<std::string> NextPayloads(const NatsSub& subscription, std::size_t count);
// All messages that have arrived, without waiting. After a Flush of the publisher and then of the
// subscriber's connection these are all messages there are.
std::vector<std::string> ArrivedPayloads(const NatsSub& subscription);

}  // namespace wherry::conformance
