#include "tests/conformance/nats/nats_client.h"

#include <gtest/gtest.h>

namespace wherry::conformance {
namespace {

void ExpectOk(natsStatus status, std::string_view what) {
  EXPECT_EQ(status, NATS_OK) << what << ": " << natsStatus_GetText(status);
}

}  // namespace

NatsConnectOptions ConnectOptions(const std::string& url) {
  natsOptions* options = nullptr;
  ExpectOk(natsOptions_Create(&options), "options");
  ExpectOk(natsOptions_SetURL(options, url.c_str()), url);
  // A lost connection is a failure unless a test is about reconnecting.
  ExpectOk(natsOptions_SetAllowReconnect(options, false), "no reconnect");
  ExpectOk(natsOptions_SetTimeout(options, kPatience.count()), "timeout");
  return NatsConnectOptions(options);
}

NatsConnection Connect(const std::string& url) { return Connect(ConnectOptions(url)); }

NatsConnection Connect(const NatsConnectOptions& options) {
  natsConnection* connection = nullptr;
  ExpectOk(natsConnection_Connect(&connection, options.get()), "connect");
  return NatsConnection(connection);
}

natsStatus TryConnect(const NatsConnectOptions& options) {
  natsConnection* connection = nullptr;
  const natsStatus status = natsConnection_Connect(&connection, options.get());
  const NatsConnection owner(connection);
  return status;
}

NatsSub Subscribe(const NatsConnection& connection, const std::string& subject,
                  const std::string& queue) {
  natsSubscription* subscription = nullptr;
  const natsStatus status =
      queue.empty() ? natsConnection_SubscribeSync(&subscription, connection.get(), subject.c_str())
                    : natsConnection_QueueSubscribeSync(&subscription, connection.get(),
                                                        subject.c_str(), queue.c_str());
  ExpectOk(status, "subscribe to " + subject);
  Flush(connection);
  return NatsSub(subscription);
}

NatsMsg Next(const NatsSub& subscription, std::chrono::milliseconds patience) {
  natsMsg* message = nullptr;
  natsSubscription_NextMsg(&message, subscription.get(), patience.count());
  return NatsMsg(message);
}

std::string_view DataOf(const NatsMsg& message) {
  if (message == nullptr) return "(no message)";
  return {natsMsg_GetData(message.get()),
          static_cast<std::size_t>(natsMsg_GetDataLength(message.get()))};
}

std::string HeaderOf(const NatsMsg& message, const char* name) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message.get(), name, &value) != NATS_OK) return "";
  return value;
}

void Publish(const NatsConnection& connection, const std::string& subject,
             std::string_view payload) {
  ExpectOk(natsConnection_Publish(connection.get(), subject.c_str(), payload.data(),
                                  static_cast<int>(payload.size())),
           "publish to " + subject);
}

void Flush(const NatsConnection& connection) {
  ExpectOk(natsConnection_FlushTimeout(connection.get(), kPatience.count()), "flush");
}

std::vector<std::string> NextPayloads(const NatsSub& subscription, std::size_t count) {
  std::vector<std::string> payloads;
  while (payloads.size() < count) {
    const NatsMsg message = Next(subscription);
    if (message == nullptr) break;
    payloads.emplace_back(DataOf(message));
  }
  return payloads;
}

std::vector<std::string> ArrivedPayloads(const NatsSub& subscription) {
  std::vector<std::string> payloads;
  while (const NatsMsg message = Next(subscription, std::chrono::milliseconds(1))) {
    payloads.emplace_back(DataOf(message));
  }
  return payloads;
}

}  // namespace wherry::conformance
