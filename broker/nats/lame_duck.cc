#include "broker/nats/lame_duck.h"

#include <utility>

#include "broker/nats/server.h"

namespace wherry::nats {

LameDuck::LameDuck(Server& server, std::function<void()> ended)
    : server_(server),
      ended_(std::move(ended)),
      timer_(server.home().shard().timers(), runtime::TimerKind::kDelivery, "lame duck") {}

void LameDuck::Begin() {
  if (server_.connection_count() == 0) return OnConnectionClosed();
  for (std::size_t i = 0; i < server_.shard_count(); ++i) {
    ServerShard& part = server_.part(i);
    part.shard().Post([&part] { part.TellLameDuck(); });
  }
  timer_.Arm(server_.home().settings().lame_duck_grace_period, [this] { BeginClosing(); });
}

void LameDuck::BeginClosing() {
  const Settings& settings = server_.home().settings();
  // What is left of the duration, shared out among those who are there now.
  const runtime::Duration rest = std::max<runtime::Duration>(
      settings.lame_duck_duration - settings.lame_duck_grace_period, std::chrono::seconds(1));
  const std::int64_t count = std::max(server_.connection_count(), 1);
  interval_ = std::max(rest / count, kMinInterval);
  // Rounded up: 10,000 in 2 seconds are 5 every millisecond.
  at_a_time_ = static_cast<std::size_t>((count * interval_ + rest - runtime::Duration(1)) / rest);
  CloseSome();
}

void LameDuck::CloseSome() {
  for (std::size_t i = 0; i < at_a_time_; ++i) {
    ServerShard& part = server_.part(next_shard_);
    next_shard_ = (next_shard_ + 1) % server_.shard_count();
    part.shard().Post([&part] { part.CloseOne(); });
  }
  timer_.Arm(interval_, [this] { CloseSome(); });
}

void LameDuck::OnConnectionClosed() {
  if (server_.connection_count() > 0 || ended_ == nullptr) return;
  timer_.Cancel();
  std::exchange(ended_, nullptr)();
}

}  // namespace wherry::nats
