#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "broker/net/connection.h"
#include "broker/runtime/shard.h"
#include "tests/fuzz/fuzz.h"

namespace wherry::fuzz {

// The thread that serves a target's connections: one for the whole run, since starting one takes
// longer than an input.
// Threads: made and asked by the fuzzer's. Lives until the process ends.
class ShardLoop {
 public:
  ShardLoop() { shard_.Start(); }

  runtime::Shard& shard() { return shard_; }

  // Runs `step` on the shard and waits for it.
  void On(absl::AnyInvocable<void()> step) {
    const auto done = std::make_shared<std::promise<void>>();
    shard_.Post([&step, done] {
      step();
      done->set_value();
    });
    done->get_future().wait();
  }
  // Waits for what tasks post, and what those post: a commit's completion, then an answer.
  void Settle() {
    for (int i = 0; i < 4; ++i) On([] {});
  }

  // Has the shard serve one end of a new pair of sockets; the other end.
  int Connect(const net::ConnectionSet::MakeSession& make_session) {
    int ends[2];
    FUZZ_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    FUZZ_CHECK(::fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    On([&] { connections_.Adopt(ends[1], address_, address_, make_session); });
    return ends[0];
  }
  void CloseAll() {
    On([this] { connections_.CloseAll(); });
    Settle();
    FUZZ_CHECK(connections_.size() == 0);
  }

 private:
  runtime::RealClock clock_;
  runtime::Shard shard_{0, clock_, 1};
  net::ConnectionSet connections_{shard_};
  net::Endpoint address_ = net::Endpoint::Parse("127.0.0.1", 9092).value();
};

inline void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Until the server closes.
inline std::string ReceiveAll(int fd) {
  std::string answers;
  char buffer[4096];
  while (true) {
    const ssize_t received = ::recv(fd, buffer, sizeof(buffer), 0);
    if (received <= 0) return answers;
    answers.append(buffer, static_cast<std::size_t>(received));
  }
}

}  // namespace wherry::fuzz
