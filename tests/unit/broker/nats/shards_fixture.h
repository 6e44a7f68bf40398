#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "broker/nats/account.h"
#include "broker/nats/outbox.h"
#include "broker/nats/router.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

// Remembers what it is sent. Threads: its shard's; `got` is read after the shard has settled.
class Listener final : public Subscriber {
 public:
  void Deliver(Subscription&, std::string_view prefix, const Message& message) override {
    got.push_back(std::string(prefix) + std::string(message.payload));
  }
  bool CanTake() const override { return takes; }
  std::vector<std::string> got;
  bool takes = true;
};

// Three shards that share one account, each with its router.
class ShardsFixture : public ::testing::Test {
 protected:
  static constexpr int kShards = 3;

  ShardsFixture() {
    for (int i = 0; i < kShards; ++i) {
      shards_.push_back(
          std::make_unique<runtime::Shard>(i, clock_, static_cast<std::uint64_t>(i + 1)));
    }
    std::vector<runtime::Shard*> all;
    for (const auto& shard : shards_) all.push_back(shard.get());
    for (runtime::Shard* const shard : all) {
      outboxes_.push_back(std::make_unique<ShardOutboxes>(*shard, all, [] {}));
      routers_.push_back(std::make_unique<Router>(account_, *shard, *outboxes_.back()));
    }
    for (runtime::Shard* const shard : all) shard->Start();
  }
  ~ShardsFixture() override {
    for (const auto& shard : shards_) shard->Stop();
  }

  // Runs `step` on one shard and waits for it.
  void On(int shard, absl::AnyInvocable<void()> step) {
    const auto done = std::make_shared<std::promise<void>>();
    shards_[static_cast<std::size_t>(shard)]->Post([&step, done] {
      step();
      done->set_value();
    });
    done->get_future().wait();
  }
  // Waits until what has been sent between shards has arrived.
  void Settle() {
    for (int shard = 0; shard < kShards; ++shard) On(shard, [] {});
    for (int shard = 0; shard < kShards; ++shard) On(shard, [] {});
  }
  Router& RouterOf(int shard) { return *routers_[static_cast<std::size_t>(shard)]; }

  SubscriptionPtr Subscribe(int shard, Listener& listener, std::string_view subject,
                            std::string_view sid, std::string_view queue = "") {
    SubscriptionPtr subscription = Subscription::Make(listener, shard, subject, queue, sid);
    On(shard, [&] { RouterOf(shard).Subscribe(subscription); });
    return subscription;
  }
  void Unsubscribe(const SubscriptionPtr& subscription) {
    On(subscription->shard(), [&] { RouterOf(subscription->shard()).Unsubscribe(*subscription); });
  }
  // Publishes on a shard and waits until it has arrived everywhere. True if anybody got it.
  bool Publish(int shard, std::string_view subject, std::string_view payload) {
    bool delivered = false;
    On(shard, [&] {
      Router& router = RouterOf(shard);
      const std::string tail =
          std::to_string(payload.size()) + "\r\n" + std::string(payload) + "\r\n";
      Message message;
      message.subject = subject;
      message.payload = payload;
      message.tail = tail;
      delivered = router.Deliver(router.Find(subject), message, nullptr);
    });
    Settle();
    return delivered;
  }

  runtime::RealClock clock_;
  std::vector<std::unique_ptr<runtime::Shard>> shards_;
  Account account_{Account::Entry::kByName, std::string(Account::kGlobalName), {}, kShards};
  std::vector<std::unique_ptr<ShardOutboxes>> outboxes_;
  std::vector<std::unique_ptr<Router>> routers_;
};

}  // namespace wherry::nats
