// The floor: copies bytes between connections and parses nothing. The first --sinks connections
// receive, later ones send; without sinks everything is thrown away and counted.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/event_loop.h"

namespace wherry::bench {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

// Copies what sources send: to every sink, or source i and sink i to each other.
// Threads: main's alone. Owned by main.
class Forwarder {
 public:
  Forwarder(int listener, int sinks, bool paired)
      : listener_(listener), sinks_(sinks), paired_(paired), slab_(kReadBytes) {
    loop_.Add(listener, kListener);
  }

  void Run() {
    for (;;) {
      for (const epoll_event& event : loop_.Wait(-1)) {
        const int number = static_cast<int>(event.data.u32);
        if (number == kListener) {
          Accept();
          continue;
        }
        if ((event.events & EPOLLOUT) != 0) Drain(number);
        if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) Copy(number);
      }
    }
  }

 private:
  static constexpr int kListener = -1;

  struct Peer {
    int fd = -1;
    std::string unsent;       // what the socket did not take; no source of it is read meanwhile
    std::uint64_t taken = 0;  // bytes thrown away
  };

  void Accept() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peers_.push_back({fd, "", 0});
    loop_.Add(fd, static_cast<int>(peers_.size()) - 1);
  }

  int PartnerOf(int number) const { return number < sinks_ ? number + sinks_ : number - sinks_; }
  bool Exists(int number) const {
    return number < static_cast<int>(peers_.size()) && peers_[number].fd >= 0;
  }

  bool Paused(int number) const {
    if (!paired_) return number >= sinks_ && full_ > 0;
    return Exists(PartnerOf(number)) && !peers_[PartnerOf(number)].unsent.empty();
  }

  void Copy(int number) {
    if (!Exists(number) || Paused(number)) return;
    Peer& from = peers_[number];
    const ssize_t got = recv(from.fd, slab_.data(), slab_.size(), 0);
    if (got <= 0) {
      if (got == 0 || (errno != EAGAIN && errno != EINTR)) Close(from);
      return;
    }
    const std::string_view bytes(slab_.data(), static_cast<std::size_t>(got));
    if (paired_) {
      Forward(PartnerOf(number), bytes);
    } else if (sinks_ == 0) {
      from.taken += bytes.size();
    } else if (number >= sinks_) {
      for (int sink = 0; sink < sinks_; ++sink) Forward(sink, bytes);
    }
  }

  void Forward(int sink, std::string_view bytes) {
    if (!Exists(sink)) return;
    Peer& to = peers_[sink];
    const ssize_t sent = send(to.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (bytes.empty()) return;
    to.unsent.append(bytes);
    ++full_;
    WatchAround(sink);
  }

  void Drain(int sink) {
    if (!Exists(sink) || peers_[sink].unsent.empty()) return;
    std::string& unsent = peers_[sink].unsent;
    const ssize_t sent = send(peers_[sink].fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent > 0) unsent.erase(0, static_cast<std::size_t>(sent));
    if (!unsent.empty()) return;
    --full_;
    WatchAround(sink);
  }

  // Tells epoll what is wanted of a sink and of those that write to it.
  void WatchAround(int sink) {
    Watch(sink);
    if (paired_) return Watch(PartnerOf(sink));
    for (int source = sinks_; source < static_cast<int>(peers_.size()); ++source) Watch(source);
  }

  void Watch(int number) {
    if (!Exists(number)) return;
    loop_.Watch(peers_[number].fd, number, !Paused(number), !peers_[number].unsent.empty());
  }

  void Close(Peer& peer) {
    if (sinks_ == 0 && send(peer.fd, &peer.taken, sizeof peer.taken, MSG_NOSIGNAL) < 0) {
      std::perror("send");
    }
    if (!peer.unsent.empty()) --full_;
    close(peer.fd);
    peer = {};
  }

  const int listener_;
  const int sinks_;
  const bool paired_;
  std::vector<char> slab_;
  EventLoop loop_;
  std::vector<Peer> peers_;
  int full_ = 0;  // peers with unsent bytes
};

// Listens on a free port of 127.0.0.1; the port, or 0.
int Listen(int listener) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      listen(listener, SOMAXCONN) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    return 0;
  }
  return ntohs(name.sin_port);
}

int Main(int argc, char** argv) {
  CLI::App app("Copies bytes between connections: what no server can go below.");
  int sinks = 0;
  bool paired = false;
  app.add_option("--sinks", sinks, "how many of the first connections receive");
  app.add_flag("--paired", paired, "connection i and connection sinks + i send to each other");
  CLI11_PARSE(app, argc, argv);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int port = Listen(listener);
  if (port == 0) {
    std::perror("listen");
    return 1;
  }
  std::printf("%d\n", port);
  std::fflush(stdout);
  Forwarder(listener, sinks, paired).Run();
  return 0;
}

}  // namespace
}  // namespace wherry::bench

int main(int argc, char** argv) { return wherry::bench::Main(argc, argv); }
