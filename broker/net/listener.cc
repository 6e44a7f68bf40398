#include "broker/net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "absl/strings/str_cat.h"

namespace wherry::net {

namespace asio = boost::asio;

namespace {

constexpr int kBacklog = 1024;
// Connections taken in one turn, so that a flood of them does not keep the shard from those it has.
constexpr int kAcceptsPerTurn = 64;
// How often a free port for 127.0.0.1 may turn out to be taken on ::1.
constexpr int kPortTries = 20;
// How long accepting rests when the process has no descriptors left.
constexpr runtime::Duration kAcceptPause = std::chrono::milliseconds(50);

Endpoint LocalEndpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return Endpoint(reinterpret_cast<const sockaddr*>(&storage), size);
}

void SetReuseAddress(int fd, bool reuse) {
  const int value = reuse ? 1 : 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value));
}

// A descriptor that is closed unless somebody takes it.
class UniqueFd {
 public:
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&&) = delete;
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace

struct Listener::Acceptor {
  Acceptor(runtime::Shard& shard, int fd)
      : descriptor(shard.context(), fd),
        fd(fd),
        pause(shard.timers(), runtime::TimerKind::kPatience, "accept pause") {}
  asio::posix::stream_descriptor descriptor;
  const int fd;
  bool listening = true;
  runtime::Timer pause;
};

Listener::Listener(std::vector<ConnectionSet*> serving, ListenUrl url,
                   ConnectionSet::MakeSession make_session, std::uint32_t group)
    : serving_(std::move(serving)),
      url_(std::move(url)),
      make_session_(std::move(make_session)),
      group_(group) {}

Listener::~Listener() = default;

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(std::vector<ConnectionSet*> serving,
                                                         const ListenUrl& url,
                                                         ConnectionSet::MakeSession make_session,
                                                         std::uint32_t group) {
  std::unique_ptr<Listener> listener(
      new Listener(std::move(serving), url, std::move(make_session), group));
  absl::StatusOr<std::vector<Endpoint>> endpoints = url.Endpoints();
  if (!endpoints.ok()) return endpoints.status();
  absl::Status status;
  for (int attempt = 0; attempt < kPortTries; ++attempt) {
    listener->acceptors_.clear();
    listener->url_.port = url.port;
    for (Endpoint endpoint : *endpoints) {
      endpoint.set_port(listener->url_.port);
      status = listener->Bind(endpoint);
      if (!status.ok()) break;
    }
    if (status.ok()) return listener;
    if (url.port != 0) break;
  }
  return status;
}

absl::Status Listener::Bind(const Endpoint& endpoint) {
  const int fd =
      ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  // localhost on a machine without IPv6 is 127.0.0.1 alone.
  const bool optional = endpoint.family() == AF_INET6 && !acceptors_.empty();
  if (fd < 0) {
    if (optional) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("cannot open a socket for ", url_.ToString(), ": ", std::strerror(errno)));
  }
  SetReuseAddress(fd, true);
  const int on = 1;
  if (endpoint.family() == AF_INET6) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  if (::bind(fd, endpoint.address(), endpoint.size()) != 0 || ::listen(fd, kBacklog) != 0) {
    const int error = errno;
    ::close(fd);
    if (error == EADDRNOTAVAIL && optional) return absl::OkStatus();
    const std::string where =
        absl::StrCat("cannot listen at ", url_.protocol, "://", endpoint.ToString(), ": ");
    if (error == EADDRINUSE) {
      return absl::UnavailableError(absl::StrCat(
          where, "the port is in use; stop the program that has it, or name another port"));
    }
    if (error == EACCES) {
      return absl::PermissionDeniedError(
          absl::StrCat(where, "not permitted; name a port above 1023"));
    }
    if (error == EADDRNOTAVAIL) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, "this machine has no such address; use 127.0.0.1 or one it has"));
    }
    return absl::UnavailableError(absl::StrCat(where, std::strerror(error)));
  }
  acceptors_.push_back(std::make_unique<Acceptor>(home(), fd));
  url_.port = LocalEndpoint(fd).port();
  return absl::OkStatus();
}

void Listener::Start() {
  accepting_ = std::make_shared<char>();
  for (auto& acceptor : acceptors_) {
    if (acceptor->descriptor.is_open()) WaitAcceptable(*acceptor);
  }
}

void Listener::Pause() {
  accepting_.reset();
  for (auto& acceptor : acceptors_) {
    acceptor->pause.Cancel();
    if (acceptor->descriptor.is_open()) acceptor->descriptor.cancel();
  }
}

absl::Status Listener::Refuse() {
  Pause();
  for (auto& acceptor : acceptors_) {
    if (!acceptor->descriptor.is_open() || !acceptor->listening) continue;
    const Endpoint endpoint = LocalEndpoint(acceptor->fd);
    // A listening socket that is shut down listens no more, and keeps a port that was named. One
    // that the kernel chose is taken again, by its number (a named one answers EINVAL). One that
    // does not listen would pass the shutdown on to what it accepts later.
    ::shutdown(acceptor->fd, SHUT_RD);
    acceptor->listening = false;
    if (::bind(acceptor->fd, endpoint.address(), endpoint.size()) != 0 && errno != EINVAL) {
      return absl::UnavailableError(
          absl::StrCat("cannot keep ", endpoint.ToString(), ": ", std::strerror(errno)));
    }
    SetReuseAddress(acceptor->fd, false);  // or others could listen there
  }
  return absl::OkStatus();
}

absl::Status Listener::ListenAgain() {
  for (auto& acceptor : acceptors_) {
    if (!acceptor->descriptor.is_open()) continue;
    SetReuseAddress(acceptor->fd, true);
    if (::listen(acceptor->fd, kBacklog) != 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen again at ", url_.ToString(), ": ", std::strerror(errno)));
    }
    acceptor->listening = true;
  }
  return absl::OkStatus();
}

void Listener::Stop() {
  accepting_.reset();
  for (auto& acceptor : acceptors_) {
    acceptor->pause.Cancel();
    acceptor->descriptor.close();
  }
}

void Listener::WaitAcceptable(Acceptor& acceptor) {
  acceptor.descriptor.async_wait(
      asio::posix::stream_descriptor::wait_read,
      [this, &acceptor, accepting = std::weak_ptr<char>(accepting_)](
          const boost::system::error_code& error) {
        if (error || accepting.expired()) return;
        home().Turn([&] { AcceptAll(acceptor); });
      });
}

void Listener::AcceptAll(Acceptor& acceptor) {
  for (int accepted = 0; accepted < kAcceptsPerTurn;) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    const int fd = ::accept4(acceptor.fd, reinterpret_cast<sockaddr*>(&storage), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // The peer waits in the backlog; asking again at once would only burn the processor.
        acceptor.pause.Arm(kAcceptPause, [this, &acceptor] { WaitAcceptable(acceptor); });
        return;
      }
      break;
    }
    ++accepted;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Deal(fd, Endpoint(reinterpret_cast<const sockaddr*>(&storage), size));
  }
  WaitAcceptable(acceptor);
}

void Listener::Deal(int fd, const Endpoint& remote) {
  ConnectionSet& connections = *serving_[next_];
  next_ = (next_ + 1) % serving_.size();
  if (connections.shard().OnThisThread()) {
    connections.Adopt(fd, LocalEndpoint(fd), remote, make_session_, group_);
    return;
  }
  // A task that never runs, since the broker stops, must not leave the peer waiting.
  connections.shard().Post([this, &connections, socket = UniqueFd(fd), remote]() mutable {
    const int taken = socket.Release();
    connections.Adopt(taken, LocalEndpoint(taken), remote, make_session_, group_);
  });
}

void Listener::CloseDescriptorsInChild() {
  for (auto& acceptor : acceptors_) ::close(acceptor->fd);
}

}  // namespace wherry::net
