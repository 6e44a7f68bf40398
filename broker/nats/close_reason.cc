#include "broker/nats/close_reason.h"

#include <iterator>
#include <utility>

namespace wherry::nats {

std::string_view TextOf(CloseReason reason) {
  static constexpr std::string_view kTexts[] = {
      "",
      "Client Closed",
      "Authentication Timeout",
      "Authentication Failure",
      "Authentication Expired",
      "TLS Handshake Failure",
      "Slow Consumer (Pending Bytes)",
      "Slow Consumer (Write Deadline)",
      "Write Error",
      "Read Error",
      "Stale Connection",
      "Protocol Violation",
      "Bad Client Protocol Version",
      "Maximum Connections Exceeded",
      "Maximum Account Connections Exceeded",
      "Maximum Message Payload Exceeded",
      "Maximum Control Line Exceeded",
      "Missing Account",
      "No Responders Requires Headers",
      "Server Shutdown",
  };
  static_assert(std::size(kTexts) == static_cast<std::size_t>(CloseReason::kServerShutdown) + 1);
  return kTexts[static_cast<std::size_t>(reason)];
}

CloseReason CloseReasonOfError(std::string_view error) {
  static constexpr std::pair<std::string_view, CloseReason> kReasons[] = {
      {"Authorization Violation", CloseReason::kAuthenticationFailure},
      {"Authentication Timeout", CloseReason::kAuthenticationTimeout},
      {"User Authentication Expired", CloseReason::kAuthenticationExpired},
      {"Stale Connection", CloseReason::kStaleConnection},
      {"invalid client protocol", CloseReason::kBadClientProtocolVersion},
      {"maximum connections exceeded", CloseReason::kMaxConnectionsExceeded},
      {"maximum account active connections exceeded", CloseReason::kMaxAccountConnectionsExceeded},
      {"Maximum Payload Violation", CloseReason::kMaxPayloadExceeded},
      {"maximum control line exceeded", CloseReason::kMaxControlLineExceeded},
      {"no responders requires headers support", CloseReason::kNoRespondersRequiresHeaders},
  };
  for (const auto& [text, reason] : kReasons) {
    if (error == text) return reason;
  }
  return CloseReason::kProtocolViolation;
}

CloseReason CloseReasonOfEnding(net::Connection::Ending ending) {
  switch (ending) {
    case net::Connection::Ending::kReadError:
      return CloseReason::kReadError;
    case net::Connection::Ending::kWriteError:
      return CloseReason::kWriteError;
    case net::Connection::Ending::kStopped:
      return CloseReason::kServerShutdown;
    case net::Connection::Ending::kByPeer:
    case net::Connection::Ending::kByUs:
      return CloseReason::kClientClosed;
  }
  return CloseReason::kClientClosed;
}

}  // namespace wherry::nats
