#include "tests/bench/first_delivery.h"

#include "absl/strings/str_cat.h"
#include "tests/bench/send_stream.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {

namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kPayload = 16;
constexpr char kSubject[] = "startup";

// Takes the one message that is expected.
class FirstMessage : public MessageHandler {
 public:
  bool OnMessage(int, const MessageHead& head, std::string_view payload) override {
    Stamp stamp;
    right =
        !arrived && head.subject == kSubject && ReadPayload(payload, stamp) && stamp.sequence == 0;
    arrived = true;
    return right;
  }
  bool OnPong(int) override { return false; }
  bool arrived = false;
  bool right = false;
};

}  // namespace

absl::Status DeliverOne(const Address& nats) {
  auto subscriber = Connection::Open(nats, Wire::kNats, kReadBytes);
  if (!subscriber.ok()) return subscriber.status();
  auto publisher = Connection::Open(nats, Wire::kNats, kReadBytes);
  if (!publisher.ok()) return publisher.status();
  absl::Status status = (*subscriber)->SendAndFence(absl::StrCat("SUB ", kSubject, " 1\r\n"));
  SendStream stream(Wire::kNats, {kSubject}, 0, kPayload);
  if (status.ok()) status = (*publisher)->Send(stream.Next(0, 1));
  FirstMessage first;
  while (status.ok() && !first.arrived) {
    const absl::StatusOr<std::size_t> got = (*subscriber)->Read(0, first);
    status = got.status();
    if (got.ok() && *got == 0) status = absl::DeadlineExceededError("nothing was delivered");
  }
  return status;
}

}  // namespace wherry::bench
