#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "broker/nats/server.h"

namespace wherry::nats {

// What the request log says of a message whose publisher was told that nobody got it.
inline constexpr char kNoResponders[] = "503 no responders";

// A message that comes from inside the process instead of a connection. Views.
struct LocalMessage {
  std::string_view subject;
  std::string_view reply;
  std::string_view headers;  // "NATS/1.0\r\n" ... "\r\n\r\n"; empty: none
  std::string_view payload;
  bool request = false;  // who sends it is told if nobody got it
};

// What a connection would be refused, said with the value at fault: kInvalidArgument.
absl::Status CheckLocalMessage(const LocalMessage& message, std::int32_t max_payload);
absl::Status CheckInterest(std::string_view subject, std::string_view queue);

// Delivers `message`, which must have passed the check, in `account`. True if anybody got it.
// Threads: the server's home shard.
bool PublishLocally(Server& server, Account& account, const LocalMessage& message);

// Logs what a subscriber inside the process does, where operations are logged: "nats.SUB" when its
// interest holds, "nats.UNSUB". On the server's home shard.
void LogLocalInterest(Account& account, runtime::Shard& shard, const char* operation,
                      const Subscription& subscription);

// The value of the first header of that name; "" if there is none.
std::string_view HeaderValue(std::string_view headers, std::string_view name);

}  // namespace wherry::nats
