#pragma once

// Orders: a shop places them over NATS, Kafka keeps them, a consumer group fulfils them. Stock
// clients, which know nothing of Wherry.

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <librdkafka/rdkafkacpp.h>
#include <nats/nats.h>

namespace orders {

inline constexpr char kTopic[] = "orders";
inline constexpr char kGroup[] = "fulfilment";

struct Order {
  std::string id;
  int quantity = 1;
};

// Nobody answered in time: whether the order is kept is not known.
struct TimeoutError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ConnectionDeleter {
  void operator()(natsConnection* connection) const { natsConnection_Destroy(connection); }
};
using Connection = std::unique_ptr<natsConnection, ConnectionDeleter>;

struct SubscriptionDeleter {
  void operator()(natsSubscription* subscription) const {
    natsSubscription_Destroy(subscription);
  }
};
using Subscription = std::unique_ptr<natsSubscription, SubscriptionDeleter>;

// Where orders come from.
// Threads: any. Owned by the caller.
class Shop {
 public:
  explicit Shop(const std::string& nats_url);

  // Returns when the order is kept; throws TimeoutError, or a runtime_error that says why not.
  void Place(const Order& order,
             std::chrono::milliseconds timeout = std::chrono::seconds(20));

 private:
  Connection connection_;
};

// Checks orders, and answers when Kafka has them.
// Threads: one at a time; takes orders on a thread of its client. Owned by the caller.
class OrderService {
 public:
  OrderService(const std::string& nats_url, const std::string& kafka, bool idempotent = true);
  // Returns when the order in hand is answered.
  ~OrderService();

 private:
  static void Take(natsConnection*, natsSubscription*, natsMsg* request, void* self);
  // What to answer.
  std::string Keep(const std::string& text);

  std::unique_ptr<RdKafka::Producer> producer_;
  Connection connection_;
  Subscription subscription_;
};

// A member of the group: announces each order on orders.fulfilled.<id>, then commits it. Whatever
// goes wrong between the two, the order is announced again, by it or another.
// Threads: one at a time; works on a thread of its own. Owned by the caller.
class Fulfilment {
 public:
  Fulfilment(const std::string& nats_url, const std::string& kafka, const std::string& name);
  // Leaves the group; an order in hand is not committed.
  ~Fulfilment();

 private:
  void Run();
  bool Announce(const std::string& id);

  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  Connection connection_;
  std::atomic<bool> leaving_ = false;
  std::thread work_;
};

}  // namespace orders
