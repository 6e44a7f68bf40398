#include "broker/nats/message.h"

#include <cstring>

namespace wherry::nats {

void MessageRun::Format(std::string_view prefix, char* at) const {
  for (const std::string_view tail : tails) {
    std::memcpy(at, prefix.data(), prefix.size());
    at += prefix.size();
    std::memcpy(at, tail.data(), tail.size());
    at += tail.size();
  }
}

Message MessageRun::At(std::size_t index) const {
  const std::string_view tail = tails[index];
  // "5\r\nhello\r\n"
  const std::size_t payload = tail.find('\n') + 1;
  Message message;
  message.subject = subject;
  message.payload = tail.substr(payload, tail.size() - payload - 2);
  message.tail = tail;
  return message;
}

}  // namespace wherry::nats
