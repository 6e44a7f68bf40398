#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/message_parser.h"

namespace wherry::bench {

// What stands at the other end.
enum class Wire {
  kNats,   // a NATS server
  kFloor,  // the byte copier of forwarder.cc: no greeting; what a publisher writes, a subscriber
           // reads
};

// Where the server listens.
struct Address {
  std::string host;  // IPv4, numeric
  int port = 0;

  // "127.0.0.1:4222", with or without a scheme in front.
  static absl::StatusOr<Address> Parse(std::string_view text);
};

// One TCP connection of the load: blocking until Prepare, then not.
// Threads: one at a time. Owned by a run.
class Connection {
 public:
  // `read_bytes` bounds what one read takes and one message may be.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Address& address, Wire wire,
                                                          std::size_t read_bytes);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Blocking: writes, and waits for the PONG that shows everything before it was handled.
  absl::Status SendAndFence(std::string_view commands);
  // Blocking: a PING fence that hands what arrives before the PONG to `handler`.
  absl::Status Fence(int self, MessageHandler& handler);
  // Ends the blocking part.
  absl::Status MakeNonBlocking();
  absl::Status MakeBlocking();

  // Writes what the socket takes now; the count, or an error.
  absl::StatusOr<std::size_t> Write(std::string_view bytes);
  // Writes, and keeps what the socket does not take for the next Flush.
  absl::Status Send(std::string_view bytes);
  absl::Status Flush();
  // Held, Send only keeps: the caller is in the middle of a message.
  void Hold(bool held) { held_ = held; }
  bool pending() const { return pending_at_ < pending_.size(); }

  // Reads once and hands over what is whole; how many bytes came, 0 if there was nothing to read.
  absl::StatusOr<std::size_t> Read(int self, MessageHandler& handler);

  int fd() const { return fd_; }

 private:
  Connection(int fd, std::size_t read_bytes) : fd_(fd), read_bytes_(read_bytes) {}
  absl::Status Greet();
  absl::Status ReadLine(std::string& line);

  const int fd_;
  const std::size_t read_bytes_;
  std::vector<char> buffer_;  // taken at the first read: idle connections have none
  std::size_t begin_ = 0;     // unread bytes are [begin_, end_)
  std::size_t end_ = 0;
  std::string pending_;
  std::size_t pending_at_ = 0;
  bool held_ = false;
  MessageParser parser_;
};

}  // namespace wherry::bench
