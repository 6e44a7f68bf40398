#include "broker/nats/outbox.h"

#include <utility>

namespace wherry::nats {

// What one turn sends to one shard: entries, and the bytes they refer to by position.
struct Outbox::Batch {
  struct Span {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  struct Entry {
    std::shared_ptr<const Targets> targets;
    Span subject, reply, payload, tail, stripped_tail;
    std::int32_t header_size = -1;
    // Set for a large message, whose tail and payload stay where they are.
    std::shared_ptr<const void> owner;
    std::string_view owned_payload, owned_tail;
    // For a run: its tails' sizes are [first_tail, first_tail + tails) of `tail_sizes`.
    std::size_t first_tail = 0;
    std::size_t tails = 0;
    std::size_t payload_bytes = 0;
  };

  Span Copy(std::string_view text) {
    const Span span{bytes.size(), text.size()};
    bytes.append(text);
    return span;
  }
  std::string_view At(Span span) const {
    return std::string_view(bytes).substr(span.begin, span.size);
  }
  void Deliver();
  void Deliver(const Entry& entry, MessageRun& run);

  std::string bytes;
  std::vector<Entry> entries;
  std::vector<std::size_t> tail_sizes;
  std::size_t size = 0;  // of all, counted as in flight
};

void Outbox::Batch::Deliver() {
  MessageRun run;
  for (const Entry& entry : entries) Deliver(entry, run);
}

void Outbox::Batch::Deliver(const Entry& entry, MessageRun& run) {
  if (entry.tails > 0) {
    run.Clear();
    run.subject = At(entry.subject);
    Span tail = entry.tail;
    for (std::size_t i = 0; i < entry.tails; ++i) {
      tail.size = tail_sizes[entry.first_tail + i];
      run.Add(At(tail), 0);
      tail.begin += tail.size;
    }
    run.payload_bytes = entry.payload_bytes;
    DeliverRun(*entry.targets, run, nullptr);
    return;
  }
  Message message;
  message.subject = At(entry.subject);
  message.reply = At(entry.reply);
  message.header_size = entry.header_size;
  message.payload = entry.owner != nullptr ? entry.owned_payload : At(entry.payload);
  message.tail = entry.owner != nullptr ? entry.owned_tail : At(entry.tail);
  message.stripped_tail = At(entry.stripped_tail);
  message.owner = entry.owner;
  for (const Target& target : *entry.targets) DeliverOne(target, message);
}

Outbox::Outbox(runtime::Shard& from, runtime::Shard& to, std::function<void()> on_room)
    : from_(from), to_(to), on_room_(std::move(on_room)) {}

Outbox::~Outbox() = default;

Outbox::Batch& Outbox::Open() {
  if (batch_ == nullptr) {
    batch_ = std::make_shared<Batch>();
    from_.AtEndOfTurn([this] { Post(); });
  }
  return *batch_;
}

void Outbox::Add(std::shared_ptr<const Targets> targets, const Message& message) {
  Batch& batch = Open();
  Batch::Entry entry;
  entry.targets = std::move(targets);
  entry.subject = batch.Copy(message.subject);
  entry.reply = batch.Copy(message.reply);
  entry.header_size = message.header_size;
  entry.stripped_tail = batch.Copy(message.stripped_tail);
  batch.size += message.payload.size() + message.subject.size();
  if (message.owner != nullptr) {
    entry.owner = message.owner;
    entry.owned_payload = message.payload;
    entry.owned_tail = message.tail;
  } else {
    entry.tail = batch.Copy(message.tail);
    // The payload is the end of the tail, before its CRLF.
    entry.payload = {entry.tail.begin + entry.tail.size - message.payload.size() - 2,
                     message.payload.size()};
  }
  batch.entries.push_back(std::move(entry));
}

void Outbox::Add(std::shared_ptr<const Targets> targets, const MessageRun& run) {
  Batch& batch = Open();
  Batch::Entry entry;
  entry.targets = std::move(targets);
  entry.subject = batch.Copy(run.subject);
  entry.first_tail = batch.tail_sizes.size();
  entry.tails = run.tails.size();
  entry.payload_bytes = run.payload_bytes;
  entry.tail = {batch.bytes.size(), run.tail_bytes};
  for (const std::string_view tail : run.tails) {
    batch.bytes.append(tail);
    batch.tail_sizes.push_back(tail.size());
  }
  batch.size += run.tail_bytes;
  batch.entries.push_back(std::move(entry));
}

void Outbox::Post() {
  const std::shared_ptr<Batch> batch = std::exchange(batch_, nullptr);
  in_flight_->fetch_add(batch->size, std::memory_order_relaxed);
  // The shards outlive every task; we need not.
  runtime::Shard* const wake = congested() ? &from_ : nullptr;
  to_.Post([batch, wake, in_flight = in_flight_, on_room = on_room_] {
    batch->Deliver();
    in_flight->fetch_sub(batch->size, std::memory_order_relaxed);
    if (wake != nullptr) wake->Post([on_room] { on_room(); });
  });
}

ShardOutboxes::ShardOutboxes(runtime::Shard& from, const std::vector<runtime::Shard*>& shards,
                             const std::function<void()>& on_room) {
  for (runtime::Shard* const to : shards) {
    outboxes_.push_back(to == &from ? nullptr : std::make_unique<Outbox>(from, *to, on_room));
  }
}

bool ShardOutboxes::congested() const {
  for (const auto& outbox : outboxes_) {
    if (outbox != nullptr && outbox->congested()) return true;
  }
  return false;
}

}  // namespace wherry::nats
