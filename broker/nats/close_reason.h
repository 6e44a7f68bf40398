#pragma once

#include <cstdint>
#include <string_view>

#include "broker/net/connection.h"

namespace wherry::nats {

// Why a client's connection ended, as /connz tells it.
enum class CloseReason : std::uint8_t {
  kNone,  // it has not ended
  kClientClosed,
  kAuthenticationTimeout,
  kAuthenticationFailure,
  kAuthenticationExpired,
  kTlsHandshakeFailure,
  kSlowConsumerPendingBytes,
  kSlowConsumerWriteDeadline,
  kWriteError,
  kReadError,
  kStaleConnection,
  kProtocolViolation,
  kBadClientProtocolVersion,
  kMaxConnectionsExceeded,
  kMaxAccountConnectionsExceeded,
  kMaxPayloadExceeded,
  kMaxControlLineExceeded,
  kMissingAccount,
  kNoRespondersRequiresHeaders,
  kServerShutdown,
};

// "Client Closed"
std::string_view TextOf(CloseReason reason);

// Why a connection ends whose last word is -ERR with this text.
CloseReason CloseReasonOfError(std::string_view error);
// Why one ended that was not told.
CloseReason CloseReasonOfEnding(net::Connection::Ending ending);

}  // namespace wherry::nats
