#include "tests/bench/request_run.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

std::string Service(int pair) { return absl::StrCat("service.", pair); }

// As long as the ones that clients make up: 22 characters and a token.
std::string InboxOf(int pair) {
  char text[40];
  std::snprintf(text, sizeof text, "_INBOX.bench%017d", pair);
  return text;
}

std::string ReplySubject(int pair, std::uint64_t request) {
  char token[24];
  std::snprintf(token, sizeof token, ".%08llx", static_cast<unsigned long long>(request));
  return InboxOf(pair) + token;
}

}  // namespace

RequestRun::RequestRun(const Target& target, int pairs, Inbox inbox, std::size_t payload,
                       std::uint64_t per_pair)
    : target_(target),
      inbox_(inbox),
      payload_(payload),
      per_pair_(per_pair),
      check_(pairs, per_pair),
      pairs_(pairs) {
  for (int pair = 0; pair < pairs; ++pair) {
    check_.AddGroup(DeliveryCheck::Share::kEvery, 2, pair);  // the responder and the requester
  }
  latencies_.reserve(per_pair * pairs);
}

absl::Status RequestRun::Connect() {
  // The copier wants all responders before the first requester.
  connections_.resize(2 * pairs_.size());
  for (int requester = 0; requester < 2; ++requester) {
    for (int pair = 0; pair < static_cast<int>(pairs_.size()); ++pair) {
      const int number = 2 * pair + requester;
      auto connection = Connection::Open(target_.address, target_.wire, kReadBytes + 2 * payload_);
      if (!connection.ok()) return connection.status();
      absl::Status status;
      if (target_.wire == Wire::kNats && requester == 0) {
        status = (*connection)->SendAndFence(absl::StrCat("SUB ", Service(pair), " 1\r\n"));
      } else if (target_.wire == Wire::kNats && inbox_ == Inbox::kShared) {
        status = (*connection)->SendAndFence(absl::StrCat("SUB ", InboxOf(pair), ".* 1\r\n"));
      }
      if (!status.ok()) return status;
      if (status = (*connection)->MakeNonBlocking(); !status.ok()) return status;
      loop_.Add((*connection)->fd(), number);
      connections_[number] = *std::move(connection);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Measurement> RequestRun::Execute() {
  if (absl::Status status = Connect(); !status.ok()) return status;
  Meter meter(target_.pid);
  meter.Start();
  absl::Status status = Pump();
  Measurement measured = meter.Stop();
  for (std::size_t i = 0; status.ok() && target_.wire == Wire::kNats && i < connections_.size();
       ++i) {
    status = connections_[i]->Fence(static_cast<int>(i), *this);
  }
  if (!check_.failure().empty()) return absl::DataLossError(check_.failure());
  if (!refused_.empty()) return absl::DataLossError(refused_);
  if (!status.ok()) return status;
  if (status = check_.Complete(); !status.ok()) return status;
  measured.operations = per_pair_ * pairs_.size();
  measured.latencies = std::move(latencies_);
  return measured;
}

absl::Status RequestRun::Pump() {
  for (int pair = 0; pair < static_cast<int>(pairs_.size()); ++pair) {
    if (!Request(pair)) return absl::InternalError(refused_);
  }
  double progress_at = Now();
  while (!check_.all_delivered()) {
    const auto events = loop_.Wait(100);
    for (const epoll_event& event : events) {
      const int connection = static_cast<int>(event.data.u32);
      auto got = connections_[connection]->Read(connection, *this);
      if (!got.ok()) return got.status();
    }
    if (!events.empty()) {
      progress_at = Now();
    } else if (Now() - progress_at > target_.stall_seconds) {
      return absl::DeadlineExceededError(
          absl::StrCat(check_.delivered(), " of ", check_.expected(),
                       " requests and answers arrived, then nothing"));
    }
  }
  return absl::OkStatus();
}

bool RequestRun::Send(int connection, std::string_view bytes) {
  Connection& to = *connections_[connection];
  absl::Status status = to.Send(bytes);
  // One small request at a time always fits the socket.
  if (status.ok() && to.pending()) status = absl::InternalError("a socket stays full");
  if (!status.ok()) refused_ = std::string(status.message());
  return status.ok();
}

bool RequestRun::Request(int number) {
  Pair& pair = pairs_[number];
  const std::uint64_t request = pair.next++;
  bytes_.clear();
  if (inbox_ == Inbox::kOwn && target_.wire == Wire::kNats) {
    if (request > 0) absl::StrAppend(&bytes_, "UNSUB ", request, "\r\n");
    if (request < per_pair_) {
      absl::StrAppend(&bytes_, "SUB ", ReplySubject(number, request), " ", request + 1, "\r\n");
    }
  }
  if (request < per_pair_) {
    pair.reply = ReplySubject(number, request);
    const char* const sid = target_.wire == Wire::kNats ? "" : " 1";
    absl::StrAppend(&bytes_, target_.wire == Wire::kNats ? "PUB " : "MSG ", Service(number), sid,
                    " ", pair.reply, " ");
    absl::StrAppend(&bytes_, payload_, "\r\n");
    const std::size_t at = bytes_.size();
    bytes_.resize(at + payload_);
    WritePayload(bytes_.data() + at, payload_, {static_cast<std::uint32_t>(number), request});
    bytes_.append("\r\n");
    pair.sent_at = Now();
  }
  return bytes_.empty() || Send(2 * number + 1, bytes_);
}

bool RequestRun::Answer(int connection, const MessageHead& head, std::string_view payload) {
  if (head.subject != Service(connection / 2) || head.reply.empty() || head.sid != "1")
    return false;
  bytes_.clear();
  const char* const sid = target_.wire == Wire::kNats ? "" : " 1";
  absl::StrAppend(&bytes_, target_.wire == Wire::kNats ? "PUB " : "MSG ", std::string(head.reply),
                  sid, " ", payload.size(), "\r\n");
  bytes_.append(payload).append("\r\n");
  return Send(connection, bytes_);
}

bool RequestRun::TakeAnswer(int connection, const MessageHead& head, std::string_view) {
  Pair& pair = pairs_[connection / 2];
  const std::string sid =
      inbox_ == Inbox::kShared || target_.wire == Wire::kFloor ? "1" : absl::StrCat(pair.next);
  if (head.subject != pair.reply || head.sid != sid) return false;
  latencies_.push_back(Now() - pair.sent_at);
  return Request(connection / 2);
}

bool RequestRun::OnMessage(int connection, const MessageHead& head, std::string_view payload) {
  Stamp stamp;
  if (!ReadPayload(payload, stamp) || payload.size() != payload_) {
    refused_ = absl::StrCat("connection ", connection, " got a damaged payload");
    return false;
  }
  if (!check_.Deliver(connection, stamp)) return false;
  const bool right = connection % 2 == 0 ? Answer(connection, head, payload)
                                         : TakeAnswer(connection, head, payload);
  if (!right && refused_.empty()) {
    refused_ = absl::StrCat("connection ", connection,
                            " got a message under the wrong subject: ", std::string(head.subject),
                            " ", std::string(head.sid));
  }
  return right;
}

bool RequestRun::OnPong(int) { return false; }

}  // namespace wherry::bench
