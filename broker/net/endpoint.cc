#include "broker/net/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace wherry::net {

namespace {

constexpr std::array<std::string_view, 7> kProtocols = {
    "nats", "kafka", "kafka+ssl", "kafka+sasl_plaintext", "kafka+sasl_ssl", "http", "https"};

}  // namespace

Endpoint::Endpoint(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof(storage_))) {
  std::memcpy(&storage_, address, size_);
}

absl::StatusOr<Endpoint> Endpoint::Parse(std::string_view host, std::uint16_t port) {
  const std::string text(host);
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return Endpoint(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return Endpoint(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is not an IP address; use one such as 127.0.0.1 or ::1, or localhost"));
}

std::string Endpoint::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof(text));
  } else if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof(text));
  }
  return text;
}

std::uint16_t Endpoint::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

void Endpoint::set_port(std::uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

std::string Endpoint::ToString() const {
  if (family() == AF_INET6) return absl::StrCat("[", host(), "]:", port());
  return absl::StrCat(host(), ":", port());
}

absl::StatusOr<ListenUrl> ListenUrl::Parse(std::string_view url) {
  const auto error = [&](const char* why) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen at \"", std::string(url), "\": ",
                                                   why, "; write it like nats://127.0.0.1:4222"));
  };
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return error("it has no protocol");
  ListenUrl parsed;
  parsed.protocol = std::string(url.substr(0, scheme_end));
  const auto& known = kProtocols;
  if (std::find(known.begin(), known.end(), parsed.protocol) == known.end()) {
    return error(
        "the protocol is none of nats, kafka, kafka+ssl, kafka+sasl_plaintext, kafka+sasl_ssl, "
        "http and https");
  }
  std::string_view rest = url.substr(scheme_end + 3);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  std::string_view port;
  if (!rest.empty() && rest.front() == '[') {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return error("the bracket is not closed");
    parsed.host = std::string(rest.substr(1, close - 1));
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest.front() != ':') return error("a port follows the bracket as :4222");
    port = rest.empty() ? rest : rest.substr(1);
  } else {
    const std::size_t colon = rest.find(':');
    parsed.host = std::string(rest.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) return error("a v6 address needs brackets");
  }
  if (parsed.host.empty()) return error("it has no host");
  if (!port.empty()) {
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    if (code != std::errc() || end != port.data() + port.size()) {
      return error("the port is not a number from 0 to 65535");
    }
  }
  return parsed;
}

std::string ListenUrl::HostAndPort() const {
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

std::string ListenUrl::ToString() const { return absl::StrCat(protocol, "://", HostAndPort()); }

absl::StatusOr<std::vector<Endpoint>> ListenUrl::Endpoints() const {
  std::vector<Endpoint> endpoints;
  if (host == "localhost") {
    endpoints.push_back(Endpoint::Parse("127.0.0.1", port).value());
    endpoints.push_back(Endpoint::Parse("::1", port).value());
    return endpoints;
  }
  if (host == "*") {
    endpoints.push_back(Endpoint::Parse("0.0.0.0", port).value());
    endpoints.push_back(Endpoint::Parse("::", port).value());
    return endpoints;
  }
  absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(host, port);
  if (!endpoint.ok()) return endpoint.status();
  endpoints.push_back(*endpoint);
  return endpoints;
}

bool ListenUrl::IsLoopback() const {
  const absl::StatusOr<std::vector<Endpoint>> endpoints = Endpoints();
  return endpoints.ok() && std::all_of(endpoints->begin(), endpoints->end(), [](const auto& one) {
    const std::string address = one.host();
    return address.starts_with("127.") || address == "::1";
  });
}

}  // namespace wherry::net
