#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "broker/net/connection.h"
#include "broker/net/tls_stream.h"

namespace wherry::net {

// The descriptor of a connection, as asio and as the system know it.
struct Connection::Socket {
  Socket(boost::asio::io_context& context, int fd) : descriptor(context, fd), fd(fd) {}
  boost::asio::posix::stream_descriptor descriptor;
  const int fd;
};

// What a connection with TLS has in addition.
struct Connection::Tls {
  Tls(const TlsAcceptor& acceptor, ChunkPool& pool) : stream(acceptor, pool) {}
  TlsStream stream;
  std::unique_ptr<runtime::Timer> deadline;  // of the handshake
};

// What is wrong with a connection, and when it may go on.
struct Connection::Impaired {
  explicit Impaired(runtime::Timers& timers)
      : send_timer(timers, runtime::TimerKind::kPatience, "impaired sending"),
        read_timer(timers, runtime::TimerKind::kPatience, "impaired reading") {}
  Impairment limits;
  runtime::Timer send_timer;
  runtime::Timer read_timer;
};

}  // namespace wherry::net
