#include "tests/bench/connections_run.h"

#include "absl/strings/str_cat.h"
#include "tests/bench/send_stream.h"

namespace wherry::bench {
namespace {

constexpr std::size_t kReadBytes = 2048;
constexpr char kSubject[] = "everybody";
constexpr std::size_t kPayload = 16;

}  // namespace

ConnectionsRun::ConnectionsRun(const Target& target, int connections)
    : target_(target), count_(connections), check_(1, 1) {
  check_.AddGroup(DeliveryCheck::Share::kEvery, connections);
}

absl::StatusOr<Measurement> ConnectionsRun::Execute() {
  const std::int64_t before = ResidentKib(target_.pid);
  Meter meter(target_.pid);
  meter.Start();
  for (int i = 0; i < count_; ++i) {
    auto connection = Connection::Open(target_.address, target_.wire, kReadBytes);
    if (!connection.ok()) return connection.status();
    connections_.push_back(*std::move(connection));
  }
  Measurement measured = meter.Stop();
  measured.idle_kib = (ResidentKib(target_.pid) - before) * 1000 / count_;
  measured.operations = static_cast<std::uint64_t>(count_);
  if (target_.wire == Wire::kFloor) return measured;
  const absl::Status status = ProveAlive();
  if (!refused_.empty()) return absl::DataLossError(refused_);
  if (!check_.failure().empty()) return absl::DataLossError(check_.failure());
  if (!status.ok()) return status;
  return measured;
}

absl::Status ConnectionsRun::ProveAlive() {
  for (auto& connection : connections_) {
    absl::Status status = connection->SendAndFence(absl::StrCat("SUB ", kSubject, " 1\r\n"));
    if (!status.ok()) return status;
  }
  SendStream stream(target_.wire, {kSubject}, 0, kPayload);
  auto publisher = Connection::Open(target_.address, target_.wire, kReadBytes);
  if (!publisher.ok()) return publisher.status();
  if (absl::Status status = (*publisher)->SendAndFence(stream.Next(0, 1)); !status.ok())
    return status;
  for (int i = 0; i < count_; ++i) {
    while (check_.delivered() <= static_cast<std::uint64_t>(i)) {
      auto got = connections_[i]->Read(i, *this);
      if (!got.ok()) return got.status();
      if (*got == 0)
        return absl::DataLossError(absl::StrCat("connection ", i, " received nothing"));
    }
    if (absl::Status status = connections_[i]->Fence(i, *this); !status.ok()) return status;
  }
  return check_.Complete();
}

bool ConnectionsRun::OnMessage(int connection, const MessageHead& head, std::string_view payload) {
  Stamp stamp;
  if (head.subject != kSubject || head.sid != "1" || !ReadPayload(payload, stamp)) {
    refused_ = absl::StrCat("connection ", connection, " got something that was not sent");
    return false;
  }
  return check_.Deliver(connection, stamp);
}

bool ConnectionsRun::OnPong(int) { return false; }

}  // namespace wherry::bench
