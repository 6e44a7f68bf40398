#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace wherry::bench {

// The control line of one delivery; views into the read buffer or the parser's cache.
struct MessageHead {
  std::string_view subject;
  std::string_view sid;
  std::string_view reply;
  std::size_t size = 0;
  bool repeated = false;  // the same line as before: whatever held for it still holds
};

// Receives what a connection reads. Owned by a run, called on the run's thread.
// A function returns false to end the run; it keeps the reason itself.
class MessageHandler {
 public:
  virtual ~MessageHandler() = default;
  virtual bool OnMessage(int connection, const MessageHead& head, std::string_view payload) = 0;
  virtual bool OnPong(int connection) = 0;
};

// Reads what a NATS server sends, counting on the same control line coming again and again.
// Threads: one at a time. Owned by a connection.
class MessageParser {
 public:
  struct Result {
    std::size_t consumed = 0;
    bool ping = false;  // a PONG is owed
    absl::Status status;
  };

  // Consumes whole operations only; what is left comes again, with more behind it.
  Result Consume(int connection, std::string_view bytes, MessageHandler& handler);

 private:
  // Longer than any line a server of the default max_control_line sends.
  static constexpr std::size_t kMaxLine = 8192;

  absl::Status TakeLine(int connection, std::string_view line, MessageHandler& handler, bool& ping);
  bool ReadHead(std::string_view line);

  std::string line_;        // the last MSG line with its CRLF; head_ points into it
  bool delivered_ = false;  // whether a handler has accepted head_
  MessageHead head_;
};

}  // namespace wherry::bench
