#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "tests/conformance/support/raw_socket.h"

namespace wherry::crash {

// A Kafka client that sends one request at a time, as JSON by the names of its fields, and may be
// left without an answer: what it then does is the test's choice.
// Threads: one at a time. Owned by the test.
class KafkaCaller {
 public:
  explicit KafkaCaller(std::string address) : address_(std::move(address)) {}

  // Unless it is connected.
  void Connect();
  // The response's body; nullopt: the connection ended first. Connects where it is not connected.
  std::optional<boost::json::value> Call(std::int16_t key, std::int16_t version,
                                         const boost::json::value& body);
  // Sends, and reads no answer: Await does.
  bool Send(std::int16_t key, std::int16_t version, const boost::json::value& body);
  std::optional<boost::json::value> Await();
  void Disconnect() { socket_.reset(); }

 private:
  struct Asked {
    std::int16_t key = 0;
    std::int16_t version = 0;
  };

  const std::string address_;
  std::unique_ptr<conformance::RawSocket> socket_;
  std::int32_t correlation_id_ = 0;
  Asked asked_;
};

}  // namespace wherry::crash
