#include "tests/bench/message_parser.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

// Servers separate by one blank.
std::string_view TakeToken(std::string_view& line) {
  const std::size_t blank = line.find(' ');
  const std::string_view token = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return token;
}

}  // namespace

// "MSG subject sid [reply] size"
bool MessageParser::ReadHead(std::string_view line) {
  delivered_ = false;
  line_.assign(line).append("\r\n");
  std::string_view rest(line_.data() + 4, line.size() - 4);
  head_ = {};
  head_.subject = TakeToken(rest);
  head_.sid = TakeToken(rest);
  std::string_view size = TakeToken(rest);
  if (const std::string_view last = TakeToken(rest); !last.empty()) {
    head_.reply = size;
    size = last;
  }
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), head_.size);
  const bool good =
      error == std::errc() && end == size.data() + size.size() && !size.empty() && rest.empty();
  if (!good) line_.clear();
  return good;
}

absl::Status MessageParser::TakeLine(int connection, std::string_view line, MessageHandler& handler,
                                     bool& ping) {
  if (line == "PONG") {
    return handler.OnPong(connection) ? absl::OkStatus() : absl::AbortedError("PONG not expected");
  }
  if (line == "PING") {
    ping = true;
    return absl::OkStatus();
  }
  if (line == "+OK" || line.substr(0, 5) == "INFO ") return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the server sent: ", std::string(line.substr(0, 200))));
}

MessageParser::Result MessageParser::Consume(int connection, std::string_view bytes,
                                             MessageHandler& handler) {
  Result result;
  std::size_t& at = result.consumed;
  while (at < bytes.size()) {
    const char* const begin = bytes.data() + at;
    const std::size_t left = bytes.size() - at;
    std::size_t line_bytes = delivered_ ? line_.size() : 0;
    head_.repeated =
        line_bytes != 0 && left >= line_bytes && std::memcmp(begin, line_.data(), line_bytes) == 0;
    if (!head_.repeated) {
      const void* const newline = std::memchr(begin, '\n', left);
      if (newline == nullptr) {
        if (left > kMaxLine) result.status = absl::InternalError("an endless line");
        return result;
      }
      line_bytes = static_cast<const char*>(newline) - begin + 1;
      std::string_view line(begin, line_bytes - 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.substr(0, 4) != "MSG ") {
        result.status = TakeLine(connection, line, handler, result.ping);
        if (!result.status.ok()) return result;
        at += line_bytes;
        continue;
      }
      if (!ReadHead(line)) {
        result.status = absl::InternalError(absl::StrCat("malformed: ", std::string(line)));
        return result;
      }
    }
    if (left < line_bytes + head_.size + 2) return result;
    const char* const payload = begin + line_bytes;
    if (payload[head_.size] != '\r' || payload[head_.size + 1] != '\n') {
      result.status = absl::InternalError("a payload does not end where its size says");
      return result;
    }
    if (!handler.OnMessage(connection, head_, {payload, head_.size})) {
      result.status = absl::AbortedError("the message was refused");
      return result;
    }
    delivered_ = true;
    at += line_bytes + head_.size + 2;
  }
  return result;
}

}  // namespace wherry::bench
