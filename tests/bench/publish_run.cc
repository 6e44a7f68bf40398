#include "tests/bench/publish_run.h"

#include <algorithm>

#include <sys/socket.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

constexpr std::uint64_t kFenceBytes = 1024 * 1024;
constexpr std::uint64_t kFencesUnderWay = 8;
constexpr std::size_t kReadBytes = 16 * 1024;

std::string FenceSubject(int publisher) { return absl::StrCat("fence.", publisher); }

}  // namespace

PublishRun::PublishRun(const Target& target, int publishers, std::size_t payload,
                       std::uint64_t per_publisher)
    : target_(target), payload_(payload), per_publisher_(per_publisher) {
  for (int p = 0; p < publishers; ++p) {
    SendStream stream(target.wire, {absl::StrCat("bench.", p)}, static_cast<std::uint32_t>(p),
                      payload);
    publishers_.push_back({nullptr, std::move(stream)});
  }
}

absl::Status PublishRun::Connect() {
  for (int p = 0; p < static_cast<int>(publishers_.size()); ++p) {
    auto connection = Connection::Open(target_.address, target_.wire, kReadBytes);
    if (!connection.ok()) return connection.status();
    if (target_.wire == Wire::kNats) {
      absl::Status status =
          (*connection)->SendAndFence(absl::StrCat("SUB ", FenceSubject(p), " 1\r\n"));
      if (!status.ok()) return status;
    }
    if (absl::Status status = (*connection)->MakeNonBlocking(); !status.ok()) return status;
    loop_.Add((*connection)->fd(), p);
    publishers_[p].connection = *std::move(connection);
  }
  return absl::OkStatus();
}

absl::StatusOr<Measurement> PublishRun::Execute() {
  if (absl::Status status = Connect(); !status.ok()) return status;
  Meter meter(target_.pid);
  meter.Start();
  absl::Status status = Pump();
  if (status.ok() && target_.wire == Wire::kFloor) status = FinishFloor();
  if (!refused_.empty()) return absl::DataLossError(refused_);
  if (!status.ok()) return status;
  Measurement measured = meter.Stop();
  measured.operations = per_publisher_ * publishers_.size();
  return measured;
}

bool PublishRun::Done() const {
  return std::all_of(publishers_.begin(), publishers_.end(), [this](const Publisher& publisher) {
    return publisher.next == per_publisher_ && publisher.unsent.empty() &&
           publisher.unfenced == 0 && publisher.pongs == publisher.fences &&
           publisher.echoes == publisher.fences;
  });
}

absl::Status PublishRun::Pump() {
  double progress_at = Now();
  while (!Done()) {
    bool busy = false;
    for (int p = 0; p < static_cast<int>(publishers_.size()); ++p) {
      if (absl::Status status = Publish(p); !status.ok()) return status;
      busy = busy || MayPublish(publishers_[p]);
    }
    if (Done()) break;
    const auto events = loop_.Wait(busy ? 0 : 100);
    for (const epoll_event& event : events) {
      const int p = static_cast<int>(event.data.u32);
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) continue;
      auto got = publishers_[p].connection->Read(p, *this);
      if (!got.ok()) return got.status();
    }
    if (busy || !events.empty()) progress_at = Now();
    if (Now() - progress_at > target_.stall_seconds) {
      return absl::DeadlineExceededError("the server stopped reading or did not answer a PING");
    }
  }
  return absl::OkStatus();
}

bool PublishRun::MayPublish(const Publisher& publisher) const {
  return publisher.next < per_publisher_ && publisher.unsent.empty() &&
         !publisher.connection->pending() && publisher.fences - publisher.pongs < kFencesUnderWay;
}

absl::Status PublishRun::Publish(int number) {
  Publisher& publisher = publishers_[number];
  Connection& connection = *publisher.connection;
  if (absl::Status status = connection.Flush(); !status.ok()) return status;
  if (MayPublish(publisher)) {
    publisher.unsent = publisher.stream.Next(publisher.next, per_publisher_ - publisher.next);
    publisher.next += publisher.unsent.size() / publisher.stream.stride();
    publisher.unfenced += publisher.unsent.size();
  }
  if (!publisher.unsent.empty()) {
    absl::StatusOr<std::size_t> sent = connection.Write(publisher.unsent);
    if (!sent.ok()) return sent.status();
    publisher.unsent.remove_prefix(*sent);
    connection.Hold(!publisher.unsent.empty());
  }
  if (publisher.unsent.empty()) {
    if (absl::Status status = SendFence(number); !status.ok()) return status;
  }
  const bool full = !publisher.unsent.empty() || connection.pending();
  if (full != publisher.watched) loop_.Watch(connection.fd(), number, true, full);
  publisher.watched = full;
  return absl::OkStatus();
}

absl::Status PublishRun::SendFence(int number) {
  Publisher& publisher = publishers_[number];
  const bool last = publisher.next == per_publisher_ && publisher.unfenced > 0;
  if (!last && publisher.unfenced < kFenceBytes) return absl::OkStatus();
  publisher.unfenced = 0;
  if (target_.wire == Wire::kFloor) return absl::OkStatus();  // it does not answer
  char payload[kStampBytes];
  WritePayload(payload, sizeof payload, {static_cast<std::uint32_t>(number), publisher.fences});
  ++publisher.fences;
  return publisher.connection->Send(absl::StrCat("PUB ", FenceSubject(number), " ", kStampBytes,
                                                 "\r\n", absl::string_view(payload, sizeof payload),
                                                 "\r\nPING\r\n"));
}

absl::Status PublishRun::FinishFloor() {
  for (Publisher& publisher : publishers_) {
    Connection& connection = *publisher.connection;
    if (absl::Status status = connection.MakeBlocking(); !status.ok()) return status;
    shutdown(connection.fd(), SHUT_WR);
    std::uint64_t taken = 0;
    const ssize_t got = recv(connection.fd(), &taken, sizeof taken, MSG_WAITALL);
    const std::uint64_t sent = per_publisher_ * publisher.stream.stride();
    if (got != sizeof taken || taken != sent) {
      return absl::DataLossError(absl::StrCat("the copier took ", taken, " of ", sent, " bytes"));
    }
  }
  return absl::OkStatus();
}

bool PublishRun::OnMessage(int connection, const MessageHead& head, std::string_view payload) {
  Publisher& publisher = publishers_[connection];
  Stamp stamp;
  if (head.subject != FenceSubject(connection) || head.sid != "1" || !ReadPayload(payload, stamp) ||
      stamp.publisher != static_cast<std::uint32_t>(connection)) {
    refused_ = absl::StrCat("publisher ", connection, " got back something it did not send");
  } else if (stamp.sequence != publisher.echoes || stamp.sequence >= publisher.fences) {
    refused_ = absl::StrCat("publisher ", connection, ": fence ", stamp.sequence,
                            " came back while ", publisher.echoes, " was due");
  } else {
    ++publisher.echoes;
    return true;
  }
  return false;
}

bool PublishRun::OnPong(int connection) {
  Publisher& publisher = publishers_[connection];
  // The PING stood behind the message, so the message must be here before the PONG.
  if (publisher.pongs < publisher.echoes) {
    ++publisher.pongs;
    return true;
  }
  refused_ =
      absl::StrCat("publisher ", connection, ": a PONG overtook the message before its PING");
  return false;
}

}  // namespace wherry::bench
