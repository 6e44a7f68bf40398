#pragma once

#include <array>
#include <span>

#include <sys/epoll.h>

namespace wherry::bench {

// Says which of many connections can be read or written.
// Threads: one at a time. Owned by a run.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void Add(int fd, int connection);
  // Whether to be told when there is something to read, and when the socket takes more.
  void Watch(int fd, int connection, bool reads, bool writes);
  // The events now, or within `timeout_ms`; data.u32 is the connection.
  std::span<const epoll_event> Wait(int timeout_ms);

 private:
  static constexpr int kEvents = 256;

  const int fd_;
  std::array<epoll_event, kEvents> events_;
};

}  // namespace wherry::bench
