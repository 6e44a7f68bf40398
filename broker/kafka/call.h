#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "broker/kafka/request_note.h"
#include "broker/kafka/request_subjects.h"
#include "broker/kafka/security/entrance.h"
#include "broker/net/endpoint.h"
#include "protocol/wire/encoder.h"

namespace wherry::net {
class Connection;
}

namespace wherry::kafka {

class Cluster;
struct Client;
struct ConnectionInfo;

// The place of one response in the order of its connection's requests.
// Threads: the connection's shard. Shared by the session and by whoever will answer.
struct ResponseSlot {
  enum class State : std::uint8_t {
    kWaiting,
    kReady,    // `frame` is to be sent
    kSilent,   // nothing is to be sent (acks=0)
    kClosing,  // the connection is to be closed
    kResetting,  // the same, with a reset
  };
  State state = State::kWaiting;
  std::int32_t correlation_id = 0;
  std::int16_t version = 0;
  bool flexible = false;         // the response body
  bool flexible_header = false;  // the response header
  bool holds_up = false;         // the request waits, and those behind it wait for it
  bool last = false;             // the connection closes behind the response
  wire::Encoded frame;
  // Tells the session that the state has changed; empty once the session is gone.
  absl::AnyInvocable<void()> changed;
  // Tells the one who will answer that nobody waits any more.
  absl::AnyInvocable<void()> abandoned;
  // Where the request is logged; null: nowhere.
  std::unique_ptr<RequestNote> note;

  // Writes size and header in front of what `encode` adds, and marks the slot ready.
  void Fill(absl::AnyInvocable<void(wire::Encoder&)> encode);
  void Become(State next);
};

// What a handler knows about the request besides its fields. Views live as long as the call.
struct Call {
  Cluster& cluster;
  std::int16_t version;
  std::string_view client_id;
  const net::Endpoint& local;   // the address at which the client reached us
  const net::Endpoint& remote;  // the client's
  // What is shown of its connection, for what the request tells of the client; null: nothing.
  ConnectionInfo* connection = nullptr;
  net::Connection* socket = nullptr;  // what the client is connected by, for faults of it
  Client* client = nullptr;           // who asks; null: nobody in particular
  NodeEntrance node = {};             // by which it came

  // 0: none that is known.
  std::uint64_t connection_id() const;
};

// The promise of one response; whoever holds it last must have answered.
// Threads: the connection's shard. Owned by the handler, moved to wherever the answer is found.
template <typename Response>
class Reply {
 public:
  explicit Reply(std::shared_ptr<ResponseSlot> slot) : slot_(std::move(slot)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;

  void Send(const Response& response) {
    if (slot_->note != nullptr) {
      RequestSubjects subjects;
      SubjectCollector(subjects, slot_->version, slot_->note->names()).Collect(response);
      slot_->note->Answered(subjects);
    }
    slot_->Fill([&response](wire::Encoder& encoder) { encoder.Encode(response); });
  }
  // The same, and then the connection closes.
  void SendLast(const Response& response) {
    slot_->last = true;
    Send(response);
  }
  // Answers nothing, as Kafka does to acks=0.
  void SendNothing() { slot_->Become(ResponseSlot::State::kSilent); }
  // Closes the connection: Kafka's answer where no response can carry the error.
  void CloseConnection() { slot_->Become(ResponseSlot::State::kClosing); }
  // Runs `abandoned` if the connection closes before the answer.
  void OnAbandoned(absl::AnyInvocable<void()> abandoned) {
    slot_->abandoned = std::move(abandoned);
  }

 private:
  std::shared_ptr<ResponseSlot> slot_;
};

// A response whose parts come from several places, sent when the last has come.
//
//   auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
//   for (...) {
//     gathered->Owe();
//     partition.Append(..., [gathered](...) { /* fill gathered->response */ gathered->Pay(); });
//   }
//   gathered->Pay();
//
// Threads: the connection's shard. Shared by those who still owe a part.
template <typename Response>
class Gathered {
 public:
  explicit Gathered(Reply<Response> reply) : reply_(std::move(reply)) {}

  Response response;

  // Every Owe() is followed by one Pay(); the one that pays the last sends. The handler itself owes
  // one from the start, and pays when it has handed out the others.
  void Owe() { ++owed_; }
  void Pay() {
    if (--owed_ == 0) reply_.Send(response);
  }
  Reply<Response>& reply() { return reply_; }

 private:
  Reply<Response> reply_;
  int owed_ = 1;
};

}  // namespace wherry::kafka
