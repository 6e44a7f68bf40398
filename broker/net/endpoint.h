#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace wherry::net {

// One IP address and TCP port, v4 or v6. A value.
class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const sockaddr* address, socklen_t size);

  // A literal address ("127.0.0.1", "::1"); kInvalidArgument for anything else.
  static absl::StatusOr<Endpoint> Parse(std::string_view host, std::uint16_t port);

  const sockaddr* address() const { return &storage_.any; }
  socklen_t size() const { return size_; }
  int family() const { return storage_.any.sa_family; }

  std::string host() const;  // "127.0.0.1", "::1"
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  std::string ToString() const;  // "127.0.0.1:4222", "[::1]:4222"

 private:
  // A sockaddr_storage would be four times as large, and every connection has two.
  union {
    sockaddr_in6 v6;
    sockaddr_in v4;
    sockaddr any;
  } storage_{};
  socklen_t size_ = 0;
};

// "nats://localhost:4222" taken apart.
struct ListenUrl {
  std::string protocol;  // "nats", "kafka", "kafka+sasl_ssl", "http", "https"
  std::string host;      // as written, without brackets
  std::uint16_t port = 0;

  // kInvalidArgument, with the text and what is wrong with it. A missing port is 0.
  static absl::StatusOr<ListenUrl> Parse(std::string_view url);
  // "nats://127.0.0.1:4222"
  std::string ToString() const;
  // host:port, with brackets around a v6 address.
  std::string HostAndPort() const;

  // The addresses to listen at; localhost is 127.0.0.1 and ::1, * every address of IPv4 and IPv6,
  // any other host a literal address.
  absl::StatusOr<std::vector<Endpoint>> Endpoints() const;
  // Whether all of these belong to this machine alone: localhost, 127.0.0.0/8, ::1.
  bool IsLoopback() const;
};

}  // namespace wherry::net
