#include "tests/bench/faulty_nats_server.h"

#include <cerrno>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/delivery_run.h"

namespace wherry::bench {
namespace {

constexpr std::string_view kInfo = "INFO {\"server_id\":\"fake\",\"max_payload\":1048576}\r\n";

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t blank = line.find(' ');
    if (blank != 0) words.push_back(line.substr(0, blank));
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  }
  return words;
}

}  // namespace

FaultyNatsServer::FaultyNatsServer(Fault fault, std::uint64_t at) : fault_(fault), at_(at) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      listen(listener_, SOMAXCONN) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size) != 0 || pipe(wake_) != 0) {
    std::abort();
  }
  port_ = ntohs(name.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FaultyNatsServer::~FaultyNatsServer() {
  close(wake_[1]);
  thread_.join();
  for (const Client& client : clients_) {
    if (client.fd >= 0) close(client.fd);
  }
  close(wake_[0]);
  close(listener_);
}

void FaultyNatsServer::Run() {
  for (;;) {
    std::vector<pollfd> polls = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Client& client : clients_) {
      const short events = client.out.empty() ? POLLIN : POLLIN | POLLOUT;
      polls.push_back({client.fd, events, 0});  // poll ignores what is closed, -1
    }
    if (poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) return;
    if (polls[0].revents != 0) return;
    for (std::size_t i = 2; i < polls.size(); ++i) {
      Client& client = clients_[i - 2];
      if ((polls[i].revents & ~POLLOUT) != 0 && client.fd >= 0 && !Read(client)) {
        close(client.fd);
        client.fd = -1;
      }
    }
    for (Client& client : clients_) {
      if (client.fd >= 0 && !client.out.empty() && !Write(client)) {
        close(client.fd);
        client.fd = -1;
      }
    }
    if (polls[1].revents != 0) Accept();
  }
}

void FaultyNatsServer::Accept() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  clients_.emplace_back();
  clients_.back().fd = fd;
  clients_.back().out = kInfo;
}

bool FaultyNatsServer::Read(Client& client) {
  char bytes[16 * 1024];
  const ssize_t got = recv(client.fd, bytes, sizeof bytes, 0);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) return false;
  client.in.append(bytes, static_cast<std::size_t>(got));
  std::size_t at = 0;
  while (const std::size_t taken = TakeOperation(client, std::string_view(client.in).substr(at))) {
    at += taken;
  }
  client.in.erase(0, at);
  return client.fd >= 0;
}

bool FaultyNatsServer::Write(Client& client) {
  const ssize_t sent = send(client.fd, client.out.data(), client.out.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN;
  client.out.erase(0, static_cast<std::size_t>(sent));
  return true;
}

// How many bytes one whole operation took; 0: more must come first.
std::size_t FaultyNatsServer::TakeOperation(Client& client, std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return 0;
  const std::vector<std::string_view> words = Words(bytes.substr(0, end));
  std::size_t taken = end + 2;
  if (words.empty()) return taken;
  if (words[0] == "PING") {
    client.out += std::exchange(client.repeat, "");
    client.out += "PONG\r\n";
  } else if (words[0] == "SUB") {
    const bool queue = words.size() == 4;
    client.subscriptions.push_back({std::string(words[1]), queue ? std::string(words[2]) : "",
                                    std::string(words[queue ? 3 : 2])});
  } else if (words[0] == "UNSUB") {
    std::erase_if(client.subscriptions, [&](const Subscription& s) { return s.sid == words[1]; });
  } else if (words[0] == "PUB") {
    const std::size_t size = std::strtoull(std::string(words.back()).c_str(), nullptr, 10);
    if (bytes.size() < taken + size + 2) return 0;
    const std::string_view reply = words.size() == 4 ? words[2] : std::string_view();
    Publish({words[1], reply, bytes.substr(taken, size)});
    taken += size + 2;
  }
  return taken;
}

void FaultyNatsServer::Publish(const Message& message) {
  std::vector<std::pair<std::size_t, Subscription>> members;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    // A copy: delivering may close, never subscribe, but keep this loop's elements its own.
    const std::vector<Subscription> subscriptions = clients_[i].subscriptions;
    for (const Subscription& subscription : subscriptions) {
      if (clients_[i].fd < 0 || !SubjectMatches(subscription.subject, message.subject)) continue;
      if (subscription.queue.empty()) {
        Deliver(i, subscription, message);
      } else {
        members.emplace_back(i, subscription);
      }
    }
  }
  if (members.empty()) return;
  if (fault_ == Fault::kEveryMember && deliveries_ == at_) {
    for (const auto& [client, subscription] : members) Deliver(client, subscription, message);
    return;
  }
  const auto& [client, subscription] = members[turn_++ % members.size()];
  Deliver(client, subscription, message);
}

std::string FaultyNatsServer::Encode(std::string_view subject, std::string_view sid,
                                     const Message& message) {
  std::string bytes = absl::StrCat("MSG ", std::string(subject), " ", std::string(sid), " ");
  if (!message.reply.empty()) bytes.append(message.reply).append(" ");
  absl::StrAppend(&bytes, message.payload.size(), "\r\n");
  return bytes.append(message.payload).append("\r\n");
}

void FaultyNatsServer::Deliver(std::size_t client, const Subscription& to, const Message& message) {
  Client& receiver = clients_[client];
  if (deliveries_++ == at_ && fault_ != Fault::kNone) return Misdeliver(client, to, message);
  receiver.out += Encode(message.subject, to.sid, message);
  receiver.out += std::exchange(receiver.held, "");
}

void FaultyNatsServer::Misdeliver(std::size_t client, const Subscription& to,
                                  const Message& message) {
  Client& receiver = clients_[client];
  std::string right = Encode(message.subject, to.sid, message);
  switch (fault_) {
    case Fault::kDrop:
      return;
    case Fault::kSwap:
      receiver.held = std::move(right);
      return;
    case Fault::kOtherSubject:
      receiver.out += Encode(absl::StrCat(std::string(message.subject), ".other"), to.sid, message);
      return;
    case Fault::kOtherSid:
      receiver.out += Encode(message.subject, "4711", message);
      return;
    case Fault::kCorrupt:
      right[right.size() - 2 - message.payload.size() / 4] ^= 1;
      receiver.out += right;
      return;
    case Fault::kShort:
      right.erase(right.size() - 3, 1);
      receiver.out += right;
      return;
    case Fault::kError:
      receiver.out += "-ERR 'Slow Consumer'\r\n";
      return;
    case Fault::kClose:
      shutdown(receiver.fd, SHUT_RDWR);
      return;
    case Fault::kDuplicate:
      right += right;
      break;
    case Fault::kRepeatAtEnd:
      receiver.repeat = right;
      break;
    case Fault::kOtherConnection:
      clients_[(client + 1) % clients_.size()].out += right;
      break;
    case Fault::kNone:
    case Fault::kEveryMember:
      break;
  }
  receiver.out += right;
}

}  // namespace wherry::bench
