#pragma once

#include <string_view>

#include "protocol/nats/parser.h"

namespace wherry::nats {

// What a client's operation is called in faults and in the request log: "nats.PUB" (also of an
// HPUB). "" for what only servers say.
constexpr std::string_view OperationName(Verb verb) {
  switch (verb) {
    case Verb::kPub:
      return "nats.PUB";
    case Verb::kSub:
      return "nats.SUB";
    case Verb::kUnsub:
      return "nats.UNSUB";
    case Verb::kPing:
      return "nats.PING";
    case Verb::kPong:
      return "nats.PONG";
    case Verb::kConnect:
      return "nats.CONNECT";
    case Verb::kInfo:
    case Verb::kOk:
      return "";
  }
  return "";
}

}  // namespace wherry::nats
