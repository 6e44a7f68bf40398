#include "tests/bench/event_loop.h"

#include <cstdint>

#include <unistd.h>

namespace wherry::bench {

EventLoop::EventLoop() : fd_(epoll_create1(EPOLL_CLOEXEC)) {}

EventLoop::~EventLoop() { close(fd_); }

void EventLoop::Add(int fd, int connection) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = static_cast<std::uint32_t>(connection);
  epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event);
}

void EventLoop::Watch(int fd, int connection, bool reads, bool writes) {
  epoll_event event{};
  event.events = (reads ? static_cast<std::uint32_t>(EPOLLIN) : 0) |
                 (writes ? static_cast<std::uint32_t>(EPOLLOUT) : 0);
  event.data.u32 = static_cast<std::uint32_t>(connection);
  epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event);
}

std::span<const epoll_event> EventLoop::Wait(int timeout_ms) {
  const int count = epoll_wait(fd_, events_.data(), kEvents, timeout_ms);
  return {events_.data(), static_cast<std::size_t>(count < 0 ? 0 : count)};
}

}  // namespace wherry::bench
