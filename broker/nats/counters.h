#pragma once

#include <atomic>
#include <cstdint>

namespace wherry::nats {

// A number that one thread counts up and any thread reads.
class Counter {
 public:
  void Add(std::uint64_t more) {
    // No other thread writes: a load and a store are cheaper than one locked instruction.
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What has happened on one shard since the start, as /varz shows it for all together.
// Threads: counted on the shard, read from any.
struct alignas(64) Counters {
  Counter total_connections;
  Counter in_msgs, in_bytes, out_msgs, out_bytes;
  Counter slow_consumers, stale_connections, stalled_clients;
};

// The sum of all shards, as plain values.
struct Totals {
  std::uint64_t connections = 0, total_connections = 0, subscriptions = 0;
  std::uint64_t in_msgs = 0, in_bytes = 0, out_msgs = 0, out_bytes = 0;
  std::uint64_t slow_consumers = 0, stale_connections = 0, stalled_clients = 0;

  void Add(const Counters& counters);
};

}  // namespace wherry::nats
