// Starts a broker, sends itself one message and says what came back.
#include <chrono>
#include <iostream>

#include <wherry/broker.h>

int main() {
  auto broker = wherry::Broker::Start({}).value();
  auto boats = broker.nats().Subscribe("boats.>").value();
  const wherry::Status published = broker.nats().Publish("boats.arrived", "wherry");
  const auto message = boats.Next(std::chrono::seconds(10));
  if (!published.ok() || !message.ok() || message->payload != "wherry") {
    std::cerr << published << '\n' << message.status() << '\n';
    return 1;
  }
  std::cout << wherry::Version() << " at " << broker.Url("nats") << ": " << message->subject
            << '\n';
  return 0;
}
