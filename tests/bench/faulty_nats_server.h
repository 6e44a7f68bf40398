#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/bench/connection.h"

namespace wherry::bench {

// What a FaultyNatsServer does wrong, once.
enum class Fault {
  kNone,
  kDrop,             // a delivery is lost
  kDuplicate,        // it comes twice in a row
  kRepeatAtEnd,      // it comes again right before the next PONG
  kSwap,             // it changes places with the next one for the same connection
  kCorrupt,          // one byte of the payload differs
  kOtherSubject,     // under a subject nobody asked for
  kOtherSid,         // under a sid of nobody
  kEveryMember,      // each member of a queue group gets it
  kOtherConnection,  // it goes to a connection without that subscription as well
  kShort,            // the last byte of the payload is missing
  kError,            // "-ERR" instead
  kClose,            // the connection is closed instead
};

// A small NATS server for tests of the load generator: right, but for one fault at one delivery.
// Threads: constructed and destroyed by the test; all else happens on its own thread.
// Owned by the test.
class FaultyNatsServer {
 public:
  // The fault strikes at delivery `at`, counted from 0 over all connections.
  explicit FaultyNatsServer(Fault fault, std::uint64_t at = 0);
  ~FaultyNatsServer();
  FaultyNatsServer(const FaultyNatsServer&) = delete;
  FaultyNatsServer& operator=(const FaultyNatsServer&) = delete;

  Address address() const { return {"127.0.0.1", port_}; }

 private:
  struct Subscription {
    std::string subject;
    std::string queue;
    std::string sid;
  };
  struct Client {
    int fd = -1;
    std::string in;
    std::string out;
    std::string held;    // a delivery that waits to be overtaken
    std::string repeat;  // a delivery that comes again before the next PONG
    std::vector<Subscription> subscriptions;
  };
  struct Message {
    std::string_view subject;
    std::string_view reply;
    std::string_view payload;
  };

  void Run();
  void Accept();
  bool Read(Client& client);
  bool Write(Client& client);
  std::size_t TakeOperation(Client& client, std::string_view bytes);
  void Publish(const Message& message);
  void Deliver(std::size_t client, const Subscription& to, const Message& message);
  void Misdeliver(std::size_t client, const Subscription& to, const Message& message);
  static std::string Encode(std::string_view subject, std::string_view sid, const Message& message);

  const Fault fault_;
  const std::uint64_t at_;
  std::uint64_t deliveries_ = 0;
  std::uint64_t turn_ = 0;  // which member of a queue group is next
  int listener_ = -1;
  int port_ = 0;
  int wake_[2] = {-1, -1};
  std::vector<Client> clients_;
  std::thread thread_;
};

}  // namespace wherry::bench
