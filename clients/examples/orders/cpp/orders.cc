#include "clients/examples/orders/cpp/orders.h"

#include <cstdint>
#include <map>
#include <sstream>
#include <utility>

namespace orders {

namespace {

void Check(natsStatus status) {
  if (status != NATS_OK) throw std::runtime_error(natsStatus_GetText(status));
}

// Connects, and again soon after the connection was lost: all is near.
Connection Connect(const char* name, const std::string& url) {
  natsOptions* made = nullptr;
  Check(natsOptions_Create(&made));
  const std::unique_ptr<natsOptions, decltype(&natsOptions_Destroy)> options(
      made, &natsOptions_Destroy);
  Check(natsOptions_SetURL(made, url.c_str()));
  Check(natsOptions_SetName(made, name));
  Check(natsOptions_SetMaxReconnect(made, -1));
  Check(natsOptions_SetReconnectWait(made, 20));
  Check(natsOptions_SetReconnectJitter(made, 0, 0));
  natsConnection* connection = nullptr;
  Check(natsConnection_Connect(&connection, made));
  return Connection(connection);
}

std::unique_ptr<RdKafka::Conf> Configuration(std::map<std::string, std::string> settings) {
  settings.insert({{"reconnect.backoff.ms", "10"},
                   {"reconnect.backoff.max.ms", "100"},
                   {"retry.backoff.ms", "10"},
                   {"log_level", "2"}});
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  for (const auto& [name, value] : settings) {
    std::string error;
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error(error);
  }
  return conf;
}

std::uint64_t Reconnects(natsConnection* connection) {
  natsStatistics* made = nullptr;
  Check(natsStatistics_Create(&made));
  const std::unique_ptr<natsStatistics, decltype(&natsStatistics_Destroy)> statistics(
      made, &natsStatistics_Destroy);
  std::uint64_t reconnects = 0;
  Check(natsConnection_GetStats(connection, made));
  Check(natsStatistics_GetCounts(made, nullptr, nullptr, nullptr, nullptr, &reconnects));
  return reconnects;
}

template <typename Client>
std::unique_ptr<Client> Make(std::map<std::string, std::string> settings) {
  const std::unique_ptr<RdKafka::Conf> conf = Configuration(std::move(settings));
  std::string error;
  std::unique_ptr<Client> client(Client::create(conf.get(), error));
  if (client == nullptr) throw std::runtime_error(error);
  return client;
}

}  // namespace

Shop::Shop(const std::string& nats_url) : connection_(Connect("shop", nats_url)) {}

void Shop::Place(const Order& order, std::chrono::milliseconds timeout) {
  const std::string text = order.id + " " + std::to_string(order.quantity);
  natsMsg* reply = nullptr;
  const natsStatus status = natsConnection_RequestString(
      &reply, connection_.get(), "orders.new", text.c_str(), timeout.count());
  if (status == NATS_TIMEOUT) {
    throw TimeoutError("order " + order.id + ": no answer in " +
                       std::to_string(timeout.count()) + " ms");
  }
  Check(status);
  const std::string answer(natsMsg_GetData(reply), natsMsg_GetDataLength(reply));
  natsMsg_Destroy(reply);
  if (answer != "accepted") throw std::runtime_error("order " + order.id + ": " + answer);
}

OrderService::OrderService(const std::string& nats_url, const std::string& kafka, bool idempotent)
    : producer_(Make<RdKafka::Producer>({{"bootstrap.servers", kafka},
                                         {"client.id", "order-service"},
                                         {"acks", "all"},
                                         {"enable.idempotence", idempotent ? "true" : "false"},
                                         {"linger.ms", "0"}})),
      connection_(Connect("order-service", nats_url)) {
  natsSubscription* subscription = nullptr;
  Check(natsConnection_Subscribe(&subscription, connection_.get(), "orders.new", &Take, this));
  subscription_.reset(subscription);
  Check(natsConnection_FlushTimeout(connection_.get(), 20'000));
}

OrderService::~OrderService() {
  natsSubscription_Drain(subscription_.get());
  natsSubscription_WaitForDrainCompletion(subscription_.get(), 20'000);
}

void OrderService::Take(natsConnection* connection, natsSubscription*, natsMsg* request,
                        void* self) {
  const std::string text(natsMsg_GetData(request), natsMsg_GetDataLength(request));
  const std::string answer = static_cast<OrderService*>(self)->Keep(text);
  natsConnection_PublishString(connection, natsMsg_GetReply(request), answer.c_str());
  natsMsg_Destroy(request);
}

std::string OrderService::Keep(const std::string& text) {
  Order order;
  std::istringstream words(text);
  if (!(words >> order.id >> order.quantity) || order.quantity < 1) {
    return "an order needs an id and a quantity";
  }
  const RdKafka::ErrorCode refused = producer_->produce(
      kTopic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
      const_cast<char*>(text.data()), text.size(), order.id.data(), order.id.size(), 0, nullptr);
  if (refused != RdKafka::ERR_NO_ERROR) return "not kept: " + RdKafka::err2str(refused);
  const RdKafka::ErrorCode kept = producer_->flush(20'000);
  return kept == RdKafka::ERR_NO_ERROR ? "accepted" : "not kept: " + RdKafka::err2str(kept);
}

Fulfilment::Fulfilment(const std::string& nats_url, const std::string& kafka,
                       const std::string& name)
    : consumer_(Make<RdKafka::KafkaConsumer>({{"bootstrap.servers", kafka},
                                              {"client.id", name},
                                              {"group.id", kGroup},
                                              {"enable.auto.commit", "false"},
                                              {"auto.offset.reset", "earliest"},
                                              {"heartbeat.interval.ms", "50"},
                                              {"fetch.wait.max.ms", "50"}})),
      connection_(Connect(name.c_str(), nats_url)) {
  const RdKafka::ErrorCode refused = consumer_->subscribe({kTopic});
  if (refused != RdKafka::ERR_NO_ERROR) throw std::runtime_error(RdKafka::err2str(refused));
  work_ = std::thread([this] { Run(); });
}

Fulfilment::~Fulfilment() {
  leaving_ = true;
  natsConnection_Close(connection_.get());
  work_.join();
  consumer_->close();
}

void Fulfilment::Run() {
  while (!leaving_) {
    const std::unique_ptr<RdKafka::Message> record(consumer_->consume(50));
    if (record->err() != RdKafka::ERR_NO_ERROR) continue;
    // An error: the group has changed meanwhile, and its partition's owner gets it again.
    if (Announce(*record->key())) consumer_->commitSync(record.get());
  }
}

bool Fulfilment::Announce(const std::string& id) {
  const std::string subject = "orders.fulfilled." + id;
  while (!leaving_) {
    const std::uint64_t before = Reconnects(connection_.get());
    // A flush on the connection after tells nothing of what went to the one before.
    if (natsConnection_PublishString(connection_.get(), subject.c_str(), "") == NATS_OK &&
        natsConnection_FlushTimeout(connection_.get(), 1000) == NATS_OK &&
        Reconnects(connection_.get()) == before) {
      return true;
    }
  }
  return false;
}

}  // namespace orders
