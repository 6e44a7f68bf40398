#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/connection.h"
#include "tests/bench/event_loop.h"
#include "tests/bench/measurement.h"
#include "tests/bench/send_stream.h"

namespace wherry::bench {

// Publishes where nobody listens. After every MiB a fence follows: a message to a subject that the
// same connection hears, and a PING. Both must come back in order, so the server read everything
// before them. Threads: the caller's. Owned by the caller; runs once.
class PublishRun : private MessageHandler {
 public:
  PublishRun(const Target& target, int publishers, std::size_t payload,
             std::uint64_t per_publisher);

  // The figures, or why there are none.
  absl::StatusOr<Measurement> Execute();

 private:
  struct Publisher {
    std::unique_ptr<Connection> connection;
    SendStream stream;
    std::uint64_t next = 0;  // sequence
    std::string_view unsent;
    std::uint64_t unfenced = 0;  // bytes since the last fence
    std::uint64_t fences = 0;    // sent; each is a message with that sequence and a PING
    std::uint64_t echoes = 0;    // of those messages
    std::uint64_t pongs = 0;
    bool watched = false;
  };

  absl::Status Connect();
  absl::Status Pump();
  bool MayPublish(const Publisher& publisher) const;
  absl::Status Publish(int number);
  absl::Status SendFence(int number);
  bool Done() const;
  // The copier answers the end of a stream with the number of bytes it took.
  absl::Status FinishFloor();
  bool OnMessage(int connection, const MessageHead& head, std::string_view payload) override;
  bool OnPong(int connection) override;

  const Target target_;
  const std::size_t payload_;
  const std::uint64_t per_publisher_;
  EventLoop loop_;
  std::vector<Publisher> publishers_;
  std::string refused_;
};

}  // namespace wherry::bench
