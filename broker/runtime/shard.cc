#include "broker/runtime/shard.h"

#include <optional>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace wherry::runtime {

namespace asio = boost::asio;

namespace {
thread_local Shard* current = nullptr;
}

// The part that needs asio. UNSAFE_IO: sockets and timers are touched by this thread alone and need
// no lock, while other threads may still post.
struct Shard::Loop {
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  // Gone while the context destroys what never ran: a destructor there may still arm a timer.
  std::optional<asio::steady_timer> alarm{std::in_place, context};
  bool stopped = false;
};

Shard::Shard(int index, Clock& clock, std::uint64_t seed)
    : index_(index),
      clock_(clock),
      random_(seed),
      timers_(std::make_unique<Timers>(
          clock, [this](std::optional<Instant> deadline) { WakeAt(deadline); })),
      loop_(std::make_unique<Loop>()) {}

Shard::~Shard() {
  Stop();
  loop_->alarm.reset();
  end_of_turn_.clear();
  unheard_.clear();
}

void Shard::Start() {
  if (loop_->stopped || thread_.joinable()) return;
  thread_ = std::thread([this] {
    thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    current = this;
    loop_->context.run();
  });
}

void Shard::Stop() {
  loop_->stopped = true;
  if (!thread_.joinable()) return;
  // Posted like any task, so that it comes behind all that were posted before.
  asio::post(loop_->context, [this] { loop_->context.stop(); });
  thread_.join();
  thread_id_.store(std::thread::id(), std::memory_order_relaxed);
}

Shard* Shard::Current() { return current; }

void Shard::Post(absl::AnyInvocable<void()> task) {
  asio::post(loop_->context, [this, task = std::move(task)]() mutable { Turn(task); });
}

void Shard::AtEndOfTurn(absl::AnyInvocable<void()> task) {
  end_of_turn_.push_back(std::move(task));
  // Outside a turn (while the broker is put together) nothing else would come to run it.
  if (turn_depth_ == 0 && end_of_turn_.size() == 1) Post([] {});
}

void Shard::ClockMoved() {
  Post([this] { timers_->RunDue(); });
}

void Shard::BeginAdvance(bool deaf) {
  advanced_ = true;
  deaf_ = deaf;
}

void Shard::EndAdvance() {
  advanced_ = false;
  deaf_ = false;
  timers_->RunDue();  // whose wake-up may have come meanwhile
  for (absl::AnyInvocable<void()>& task : std::exchange(unheard_, {})) Post(std::move(task));
}

boost::asio::io_context& Shard::context() { return loop_->context; }

void Shard::RunEndOfTurn() {
  // By index: a task may add others.
  for (std::size_t i = 0; i < end_of_turn_.size(); ++i) {
    absl::AnyInvocable<void()> task = std::move(end_of_turn_[i]);
    task();
  }
  end_of_turn_.clear();
}

void Shard::WakeAt(std::optional<Instant> deadline) {
  if (!deadline.has_value() || !loop_->alarm.has_value()) return;
  // A delay rather than the deadline itself: the clock need not be the machine's. Whoever moves
  // such a clock calls ClockMoved; a wake-up that finds nothing due is asked for again by Timers.
  loop_->alarm->expires_after(*deadline - clock_.RealNow());
  loop_->alarm->async_wait([this](const boost::system::error_code& error) {
    if (!error && !advanced_) Turn([this] { timers_->RunDue(); });
  });
}

}  // namespace wherry::runtime
