#pragma once

#include <cstddef>
#include <functional>

#include "broker/runtime/timers.h"

namespace wherry::nats {

class Server;

// Lame duck mode: the server takes nobody new, tells its clients to connect elsewhere, and after a
// grace period closes their connections, one after another, so that they do not all come to the
// next server at the same moment.
// Threads: the server's first shard. Owned by the server.
class LameDuck {
 public:
  // `ended` runs once, on the first shard, when the last connection has gone.
  LameDuck(Server& server, std::function<void()> ended);

  void Begin();
  // A connection has gone, on whatever shard.
  void OnConnectionClosed();

  // How often connections are closed at most: with very many, several at a time.
  static constexpr runtime::Duration kMinInterval = std::chrono::milliseconds(1);

 private:
  void BeginClosing();
  void CloseSome();

  Server& server_;
  std::function<void()> ended_;
  runtime::Timer timer_;
  runtime::Duration interval_{0};
  std::size_t at_a_time_ = 1;
  std::size_t next_shard_ = 0;
};

}  // namespace wherry::nats
