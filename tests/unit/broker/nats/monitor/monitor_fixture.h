#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "broker/nats/monitor/monitor.h"
#include "broker/nats/server.h"
#include "broker/runtime/shard.h"

namespace wherry::nats {

// Takes everything and counts nothing. Threads: any. Owned by the test.
class SilentSubscriber final : public Subscriber {
 public:
  void Deliver(Subscription&, std::string_view, const Message&) override {}
  bool CanTake() const override { return true; }
  std::uint64_t client_id() const override { return 7; }
};

// A server on three shards, without sockets, and its pages.
class MonitorFixture : public ::testing::Test {
 protected:
  static constexpr int kShards = 3;

  MonitorFixture() {
    for (int i = 0; i < kShards; ++i) {
      shards_.push_back(
          std::make_unique<runtime::Shard>(i, clock_, static_cast<std::uint64_t>(i + 1)));
      shard_pointers_.push_back(shards_.back().get());
    }
  }
  ~MonitorFixture() override {
    for (const auto& shard : shards_) shard->Stop();
  }
  void SetUp() override {
    auto configuration = std::make_shared<Configuration>();
    configuration->settings = settings_;
    configuration->authenticator = Authenticator::Create({}).value();
    configuration->accounts = {{"A", AccountLimits{}}};
    server_ = std::make_unique<Server>(std::move(configuration), shard_pointers_,
                                       Server::Services{password_checker_, nullptr, nullptr});
    monitor_ = std::make_unique<Monitor>(*server_, *shards_.front());
    for (const auto& shard : shards_) shard->Start();
  }

  // What the page answers to "/connz?limit=1".
  net::HttpResponse Get(const std::string& target) {
    const std::size_t question = target.find('?');
    net::HttpRequest request;
    request.method = "GET";
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    std::promise<net::HttpResponse> answered;
    const auto deliver = std::make_shared<net::HttpReply::Deliver>(
        [&](net::HttpResponse response) { answered.set_value(std::move(response)); });
    // By copy: the answer may come, and this function end, before the task does.
    shards_.front()->Post([this, request, reply = net::HttpReply(deliver)] {
      for (const Monitor::Page& page : Monitor::Pages()) {
        if (page.path == request.path) page.serve(*monitor_, request, reply);
      }
    });
    return answered.get_future().get();
  }
  boost::json::object Json(const std::string& target) {
    const net::HttpResponse response = Get(target);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return boost::json::parse(response.body).as_object();
  }

  SubscriptionPtr Subscribe(int shard, std::string_view subject, std::string_view sid,
                            std::string_view queue = "") {
    SubscriptionPtr subscription = Subscription::Make(subscriber_, shard, subject, queue, sid);
    server_->global_account().Subscribe(subscription);
    return subscription;
  }

  Settings settings_;
  SilentSubscriber subscriber_;
  runtime::RealClock clock_;
  core::BackgroundThread password_thread_;
  PasswordChecker password_checker_{password_thread_};
  std::vector<std::unique_ptr<runtime::Shard>> shards_;
  std::vector<runtime::Shard*> shard_pointers_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Monitor> monitor_;
};

}  // namespace wherry::nats
