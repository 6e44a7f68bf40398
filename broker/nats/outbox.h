#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "broker/nats/message.h"
#include "broker/nats/router.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

// Deliveries from one shard to another: gathered while a turn lasts, posted once at its end, in
// order. Everything a publisher sends takes this one way, so a subscriber gets it in order.
// Threads: the sending shard's. Owned by the sending shard's part of the server.
class Outbox {
 public:
  // Bytes under way from which on publishers of the sending shard rest until there is room.
  static constexpr std::size_t kMaxInFlight = 8 * 1024 * 1024;

  // `on_room` runs on the sending shard when there is room again after congested().
  Outbox(runtime::Shard& from, runtime::Shard& to, std::function<void()> on_room);
  ~Outbox();

  void Add(std::shared_ptr<const Targets> targets, const Message& message);
  void Add(std::shared_ptr<const Targets> targets, const MessageRun& run);

  bool congested() const { return in_flight_->load(std::memory_order_relaxed) > kMaxInFlight; }

 private:
  struct Batch;

  Batch& Open();
  void Post();

  runtime::Shard& from_;
  runtime::Shard& to_;
  const std::function<void()> on_room_;
  std::shared_ptr<Batch> batch_;  // of this turn; null: nothing yet
  // Counted down by the receiving shard, which may outlive us by a task.
  std::shared_ptr<std::atomic<std::size_t>> in_flight_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

// The outboxes of one shard, by the index of the receiving one.
// Threads: the sending shard's. Owned by the sending shard's part of the server.
class ShardOutboxes {
 public:
  // `on_room` runs when there is room again after congested().
  ShardOutboxes(runtime::Shard& from, const std::vector<runtime::Shard*>& shards,
                const std::function<void()>& on_room);

  Outbox& To(int shard) { return *outboxes_[static_cast<std::size_t>(shard)]; }
  bool congested() const;

 private:
  std::vector<std::unique_ptr<Outbox>> outboxes_;  // null at the index of `from`
};

}  // namespace wherry::nats
