#include "tests/bench/connection.h"

#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace wherry::bench {
namespace {

constexpr int kBlockingTimeoutSeconds = 20;
constexpr std::string_view kConnect =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"bench\",\"version\":\"1.0.0\","
    "\"protocol\":1,\"headers\":true,\"no_responders\":true}\r\n";

absl::Status Errno(std::string what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<Address> Address::Parse(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + 3);
  }
  const auto colon = text.rfind(':');
  Address address;
  if (colon != std::string_view::npos) {
    address.host = text.substr(0, colon);
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), address.port);
  }
  in_addr ignored{};
  if (address.port <= 0 || inet_pton(AF_INET, address.host.c_str(), &ignored) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an IPv4 address and port: ", std::string(text)));
  }
  return address;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Address& address, Wire wire,
                                                             std::size_t read_bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Errno("socket");
  std::unique_ptr<Connection> connection(new Connection(fd, read_bytes));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(address.port));
  inet_pton(AF_INET, address.host.c_str(), &name.sin_addr);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
    return Errno("connect");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval timeout{kBlockingTimeoutSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (wire == Wire::kNats) {
    if (absl::Status status = connection->Greet(); !status.ok()) return status;
  }
  return connection;
}

Connection::~Connection() { close(fd_); }

// Looks before it takes: nothing beyond the line is consumed, that is the parser's.
absl::Status Connection::ReadLine(std::string& line) {
  line.clear();
  char bytes[4096];
  for (;;) {
    const ssize_t seen = recv(fd_, bytes, sizeof bytes, MSG_PEEK);
    if (seen == 0) return absl::UnavailableError("the server closed the connection");
    if (seen < 0) return Errno("recv");
    const void* const newline = std::memchr(bytes, '\n', static_cast<std::size_t>(seen));
    const std::size_t take = newline == nullptr ? static_cast<std::size_t>(seen)
                                                : static_cast<const char*>(newline) - bytes + 1;
    if (recv(fd_, bytes, take, 0) != static_cast<ssize_t>(take)) return Errno("recv");
    line.append(bytes, take);
    if (newline == nullptr) continue;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return absl::OkStatus();
  }
}

absl::Status Connection::Greet() {
  std::string info;
  if (absl::Status status = ReadLine(info); !status.ok()) return status;
  if (info.compare(0, 5, "INFO ") != 0) return absl::InternalError("no INFO: " + info);
  return SendAndFence(kConnect);
}

absl::Status Connection::SendAndFence(std::string_view commands) {
  const std::string bytes = absl::StrCat(std::string(commands), "PING\r\n");
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent < 0) return Errno("send");
    at += static_cast<std::size_t>(sent);
  }
  for (std::string line;;) {
    if (absl::Status status = ReadLine(line); !status.ok()) return status;
    if (line == "PONG") return absl::OkStatus();
    if (line.compare(0, 4, "INFO") != 0 && line != "PING") {
      return absl::InternalError("the server sent: " + line);
    }
  }
}

absl::Status Connection::Fence(int self, MessageHandler& handler) {
  // Passes messages on and notes the PONG.
  class UntilPong : public MessageHandler {
   public:
    explicit UntilPong(MessageHandler& next) : next_(next) {}
    bool OnMessage(int connection, const MessageHead& head, std::string_view payload) override {
      return next_.OnMessage(connection, head, payload);
    }
    bool OnPong(int) override { return done = true; }
    bool done = false;

   private:
    MessageHandler& next_;
  };

  if (absl::Status status = MakeBlocking(); !status.ok()) return status;
  if (absl::Status status = Send("PING\r\n"); !status.ok()) return status;
  for (UntilPong until(handler); !until.done;) {
    absl::StatusOr<std::size_t> got = Read(self, until);
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::DeadlineExceededError("no PONG came");
  }
  return absl::OkStatus();
}

absl::Status Connection::MakeNonBlocking() {
  return fcntl(fd_, F_SETFL, O_NONBLOCK) == 0 ? absl::OkStatus() : Errno("fcntl");
}

absl::Status Connection::MakeBlocking() {
  return fcntl(fd_, F_SETFL, 0) == 0 ? absl::OkStatus() : Errno("fcntl");
}

absl::StatusOr<std::size_t> Connection::Write(std::string_view bytes) {
  const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EINTR) return std::size_t{0};
  return Errno("send");
}

absl::Status Connection::Send(std::string_view bytes) {
  if (!pending() && !held_) {
    absl::StatusOr<std::size_t> sent = Write(bytes);
    if (!sent.ok()) return sent.status();
    bytes.remove_prefix(*sent);
  }
  pending_.append(bytes);
  return absl::OkStatus();
}

absl::Status Connection::Flush() {
  if (!pending() || held_) return absl::OkStatus();
  absl::StatusOr<std::size_t> sent = Write(std::string_view(pending_).substr(pending_at_));
  if (!sent.ok()) return sent.status();
  pending_at_ += *sent;
  if (!pending()) {
    pending_.clear();
    pending_at_ = 0;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> Connection::Read(int self, MessageHandler& handler) {
  // Twice the bound, so that the rest of a message is moved to the front rarely.
  if (buffer_.empty()) buffer_.resize(2 * read_bytes_);
  const ssize_t got = recv(fd_, buffer_.data() + end_, buffer_.size() - end_, 0);
  if (got == 0) return absl::UnavailableError("the server closed the connection");
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::size_t{0};
  if (got < 0) return Errno("recv");
  end_ += static_cast<std::size_t>(got);
  MessageParser::Result result =
      parser_.Consume(self, {buffer_.data() + begin_, end_ - begin_}, handler);
  if (!result.status.ok()) return result.status;
  begin_ += result.consumed;
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (buffer_.size() - end_ < read_bytes_) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ > read_bytes_) return absl::InternalError("a message is larger than what was sent");
  }
  if (result.ping) {
    if (absl::Status status = Send("PONG\r\n"); !status.ok()) return status;
  }
  return static_cast<std::size_t>(got);
}

}  // namespace wherry::bench
