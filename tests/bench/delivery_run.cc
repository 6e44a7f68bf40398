#include "tests/bench/delivery_run.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"

namespace wherry::bench {
namespace {

// Far below every server's limit for a slow consumer (64 MiB), even if one subscriber has all of
// it.
constexpr std::uint64_t kWindowBytes = 4 * 1024 * 1024;
constexpr std::uint64_t kMaxWindowBytes = 32 * 1024 * 1024;
constexpr std::uint64_t kAllWindowsBytes = 64 * 1024 * 1024;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kReadBytesOfMany =
    64 * 1024;  // with many subscribers all buffers fit the cache
constexpr std::size_t kMany = 16;
constexpr std::size_t kSubscribeBytes = 64 * 1024;

std::size_t ReadBytes(const Flow& flow, std::size_t subscribers) {
  return (subscribers > kMany ? kReadBytesOfMany : kReadBytes) + 2 * flow.payload;
}

std::uint64_t Window(std::uint64_t copies, std::size_t publishers, const SendStream& stream) {
  const std::uint64_t bytes = std::min({kWindowBytes * std::max<std::uint64_t>(1, copies),
                                        kMaxWindowBytes, kAllWindowsBytes / publishers});
  return std::max<std::uint64_t>(copies, bytes / stream.stride());
}

}  // namespace

bool SubjectMatches(std::string_view pattern, std::string_view subject) {
  if (pattern == subject) return true;
  while (true) {
    const std::string_view want = pattern.substr(0, pattern.find('.'));
    const std::string_view have = subject.substr(0, subject.find('.'));
    if (want == ">") return !have.empty();
    if (want != have && (want != "*" || have.empty())) return false;
    const bool more = have.size() < subject.size();
    if (more != (want.size() < pattern.size())) return false;
    if (!more) return true;
    pattern.remove_prefix(want.size() + 1);
    subject.remove_prefix(have.size() + 1);
  }
}

DeliveryRun::DeliveryRun(const Target& target, const Flow& flow)
    : target_(target),
      flow_(flow),
      check_(static_cast<int>(flow.subjects.size()), flow.per_publisher) {
  std::size_t sid = 1;
  for (const Flow::Group& group : flow_.groups) {
    check_.AddGroup(group.share, static_cast<int>(group.members.size()), group.publisher);
    for (const auto& subjects : group.members) {
      subscribers_.push_back({subjects, group.queue, sid});
      if (flow_.distinct_sids) sid += subjects.size();
    }
  }
  int connection = static_cast<int>(subscribers_.size());
  for (std::size_t p = 0; p < flow_.subjects.size(); ++p) {
    SendStream stream(target.wire, flow_.subjects[p], static_cast<std::uint32_t>(p), flow_.payload);
    const std::uint64_t window =
        Window(check_.copies(static_cast<int>(p)), flow_.subjects.size(), stream);
    publishers_.push_back({std::move(stream), connection++, window});
  }
}

absl::Status DeliveryRun::Connect() {
  const std::size_t bytes = ReadBytes(flow_, subscribers_.size());
  for (std::size_t i = 0; i < subscribers_.size() + publishers_.size(); ++i) {
    auto connection = Connection::Open(target_.address, target_.wire, bytes);
    if (!connection.ok()) return connection.status();
    connections_.push_back(*std::move(connection));
    const int number = static_cast<int>(i);
    if (target_.wire == Wire::kNats && i < subscribers_.size()) {
      if (absl::Status status = Subscribe(number); !status.ok()) return status;
    }
    if (absl::Status status = connections_.back()->MakeNonBlocking(); !status.ok()) return status;
    loop_.Add(connections_.back()->fd(), number);
  }
  return absl::OkStatus();
}

absl::Status DeliveryRun::Subscribe(int subscriber) {
  const Subscriber& self = subscribers_[subscriber];
  std::string commands;
  for (std::size_t i = 0; i < self.subjects.size(); ++i) {
    absl::StrAppend(&commands, "SUB ", self.subjects[i], " ", self.queue, " ", self.first_sid + i,
                    "\r\n");
    if (commands.size() < kSubscribeBytes) continue;
    if (absl::Status status = connections_[subscriber]->SendAndFence(commands); !status.ok())
      return status;
    commands.clear();
  }
  return connections_[subscriber]->SendAndFence(commands);
}

absl::StatusOr<Measurement> DeliveryRun::Execute() {
  if (absl::Status status = Connect(); !status.ok()) return status;
  const std::int64_t idle_kib = ResidentKib(target_.pid);
  if (flow_.pace > 0) latencies_.reserve(flow_.per_publisher);
  Meter meter(target_.pid);
  meter.Start();
  start_ = Now();
  if (absl::Status status = Pump(); !status.ok()) return Explain(status);
  Measurement measured = meter.Stop();
  if (absl::Status status = FenceAll(); !status.ok()) return Explain(status);
  if (absl::Status status = check_.Complete(); !status.ok()) return status;
  measured.operations = check_.delivered();
  measured.idle_kib = idle_kib;
  measured.latencies = std::move(latencies_);
  return measured;
}

absl::Status DeliveryRun::Pump() {
  double progress_at = Now();
  std::uint64_t progress = 0;
  while (!check_.all_delivered()) {
    bool busy = flow_.pace > 0;  // a paced run spins, so that it is not its own wake-up it measures
    for (Publisher& publisher : publishers_) {
      if (absl::Status status = Publish(publisher); !status.ok()) return status;
      busy = busy || (!publisher.watched && Allowance(publisher) > 0);
    }
    const auto events = loop_.Wait(busy ? 0 : 100);
    for (const epoll_event& event : events) {
      const int connection = static_cast<int>(event.data.u32);
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) continue;
      auto got = connections_[connection]->Read(connection, *this);
      if (!got.ok()) return got.status();
    }
    if (const std::uint64_t now = check_.delivered(); now != progress) {
      progress_at = Now();
      progress = now;
    }
    if (events.empty() && Now() - progress_at > target_.stall_seconds) {
      return absl::DeadlineExceededError(
          absl::StrCat(progress, " of ", check_.expected(), " deliveries arrived, then nothing"));
    }
  }
  return absl::OkStatus();
}

// How many messages may be sent now.
std::uint64_t DeliveryRun::Allowance(const Publisher& publisher) const {
  const std::uint64_t left = flow_.per_publisher - publisher.next;
  const int number = publisher.connection - static_cast<int>(subscribers_.size());
  if (flow_.pace > 0) {
    const auto due = static_cast<std::uint64_t>((Now() - start_) * flow_.pace) + 1;
    return due > publisher.next ? std::min<std::uint64_t>(left, 1) : 0;
  }
  const std::uint64_t copies = std::max<std::uint64_t>(1, check_.copies(number));
  const std::uint64_t under_way = publisher.next * copies - check_.delivered(number);
  const std::uint64_t room = (publisher.window - std::min(publisher.window, under_way)) / copies;
  // Whole blocks, or the last messages, or whatever may go while nothing is under way.
  const std::uint64_t want = std::min<std::uint64_t>(left, publisher.stream.block_messages());
  return room >= want || under_way == 0 ? want : 0;
}

absl::Status DeliveryRun::Publish(Publisher& publisher) {
  Connection& connection = *connections_[publisher.connection];
  do {
    if (publisher.unsent.empty()) {
      if (absl::Status status = connection.Flush(); !status.ok()) return status;
      const std::uint64_t allowance = connection.pending() ? 0 : Allowance(publisher);
      if (allowance == 0) break;
      publisher.unsent = publisher.stream.Next(publisher.next, allowance);
      publisher.next += publisher.unsent.size() / publisher.stream.stride();
    }
    absl::StatusOr<std::size_t> sent = connection.Write(publisher.unsent);
    if (!sent.ok()) return sent.status();
    publisher.unsent.remove_prefix(*sent);
    connection.Hold(!publisher.unsent.empty());
  } while (flow_.pace > 0 && publisher.unsent.empty());  // else one block, and the others' turn
  const bool full = !publisher.unsent.empty() || connection.pending();
  if (full != publisher.watched) loop_.Watch(connection.fd(), publisher.connection, true, full);
  publisher.watched = full;
  return absl::OkStatus();
}

// A PONG comes after everything that was to be delivered: what is still there is too much.
absl::Status DeliveryRun::FenceAll() {
  if (target_.wire == Wire::kFloor) return absl::OkStatus();
  for (std::size_t i = 0; i < subscribers_.size(); ++i) {
    if (absl::Status status = connections_[i]->Fence(static_cast<int>(i), *this); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

bool DeliveryRun::Addressed(int subscriber, const MessageHead& head) const {
  const Subscriber& self = subscribers_[subscriber];
  std::size_t sid = 0;
  std::from_chars(head.sid.data(), head.sid.data() + head.sid.size(), sid);
  if (target_.wire == Wire::kFloor) return sid == 1;
  return sid >= self.first_sid && sid - self.first_sid < self.subjects.size() &&
         SubjectMatches(self.subjects[sid - self.first_sid], head.subject) && head.reply.empty() &&
         head.size == flow_.payload;
}

bool DeliveryRun::OnMessage(int connection, const MessageHead& head, std::string_view payload) {
  Stamp stamp;
  if (connection >= static_cast<int>(subscribers_.size())) {
    refused_ = "a publisher that did not subscribe got a message";
  } else if (!head.repeated && !Addressed(connection, head)) {
    refused_ = absl::StrCat("subscriber ", connection,
                            " got a message it did not subscribe to: ", std::string(head.subject),
                            " ", std::string(head.sid));
  } else if (!ReadPayload(payload, stamp)) {
    refused_ = absl::StrCat("subscriber ", connection, " got a damaged payload");
  } else if (check_.Deliver(connection, stamp)) {
    if (flow_.pace > 0) {
      latencies_.push_back(Now() - start_ - static_cast<double>(stamp.sequence) / flow_.pace);
    }
    return true;
  }
  return false;
}

bool DeliveryRun::OnPong(int) { return false; }

absl::Status DeliveryRun::Explain(absl::Status status) const {
  if (!check_.failure().empty()) return absl::DataLossError(check_.failure());
  if (!refused_.empty()) return absl::DataLossError(refused_);
  return status;
}

}  // namespace wherry::bench
