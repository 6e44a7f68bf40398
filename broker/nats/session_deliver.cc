// What a client is sent: messages of its subscriptions, and what happens when it does not read.
#include <cstring>

#include "absl/strings/str_cat.h"
#include "broker/nats/session.h"

namespace wherry::nats {

std::string_view Session::TailFor(std::string_view& prefix, const Message& message) const {
  if (!message.has_headers()) {
    prefix.remove_prefix(1);
  } else if (!(connect_.headers && settings().headers)) {
    prefix.remove_prefix(1);
    return message.stripped_tail;
  }
  return message.tail;
}

void Session::Deliver(Subscription& subscription, std::string_view prefix, const Message& message) {
  if (MayBeStruck() && !DeliveryPasses(subscription, prefix, message)) return;
  const std::string_view tail = TailFor(prefix, message);
  const bool shared = message.owner != nullptr && tail.data() == message.tail.data();
  if (shared) {
    connection_.Write(prefix);
    connection_.Write(message.owner, tail);
  } else if (prefix.size() + tail.size() <= net::ChunkPool::kSmallChunk) {
    char* const at = connection_.Reserve(prefix.size() + tail.size());
    std::memcpy(at, prefix.data(), prefix.size());
    std::memcpy(at + prefix.size(), tail.data(), tail.size());
    connection_.Commit(prefix.size() + tail.size());
  } else {
    connection_.Write(prefix);
    connection_.Write(tail);
  }
  if (permissions_ != nullptr && permissions_->tracks_replies() && !message.reply.empty()) {
    permissions_->Delivered(message.reply, Now());
  }
  if (settings().trace) {
    TraceOut(absl::StrCat(std::string(prefix), std::string(tail.substr(0, tail.find('\r')))));
  }
  Counters& counters = part_.counters();
  counters.out_msgs.Add(1);
  counters.out_bytes.Add(message.payload.size());
  ++counts_.out_msgs;
  counts_.out_bytes += message.payload.size();
  if (subscription.max != 0 && subscription.delivered >= subscription.max) {
    RemoveSubscription(subscription);
  }
  AfterDelivery();
}

void Session::DeliverRun(Subscription& subscription, std::string_view prefix, const MessageRun& run,
                         const FormattedRun* formatted) {
  // It may end within the run, or each message may meet a fault.
  if (subscription.max != 0 || MayBeStruck()) {
    return Subscriber::DeliverRun(subscription, prefix, run, formatted);
  }
  subscription.delivered += run.tails.size();
  if (formatted == nullptr) {
    WriteRun(prefix.substr(1), run);
  } else if (formatted->owner != nullptr) {
    connection_.Write(formatted->owner, formatted->bytes);
  } else {
    connection_.Write(formatted->bytes);
  }
  Counters& counters = part_.counters();
  counters.out_msgs.Add(run.tails.size());
  counters.out_bytes.Add(run.payload_bytes);
  counts_.out_msgs += run.tails.size();
  counts_.out_bytes += run.payload_bytes;
  AfterDelivery();
}

void Session::WriteRun(std::string_view prefix, const MessageRun& run) {
  for (const std::string_view tail : run.tails) {
    const std::size_t size = prefix.size() + tail.size();
    if (size > net::ChunkPool::kSmallChunk) {
      connection_.Write(prefix);
      connection_.Write(tail);
      continue;
    }
    char* const at = connection_.Reserve(size);
    std::memcpy(at, prefix.data(), prefix.size());
    std::memcpy(at + prefix.size(), tail.data(), tail.size());
    connection_.Commit(size);
  }
}

void Session::AfterDelivery() {
  Active();
  const std::int64_t pending = static_cast<std::int64_t>(connection_.pending_bytes());
  const std::int64_t max_pending = settings().max_pending;
  if (pending <= max_pending / 4 * 3) return;
  if (pending > max_pending) return SlowConsumer();
  if (delivering_ != nullptr && settings().stall_fast_producers) {
    delivering_->producer_should_stall_ = true;
  }
}

void Session::SlowConsumer() {
  part_.counters().slow_consumers.Add(1);
  part_.server().Log(absl::StrCat("closed slow consumer ", connection_.remote().ToString(), ": ",
                                  connection_.pending_bytes(), " bytes wait, max_pending is ",
                                  settings().max_pending));
  Leave(CloseReason::kSlowConsumerPendingBytes);
  connection_.Close();
}

void Session::OnWriteDeadline() {
  part_.counters().slow_consumers.Add(1);
  part_.server().Log(absl::StrCat("closed slow consumer ", connection_.remote().ToString(),
                                  ": it did not take what waited for it within write_deadline; ",
                                  connection_.pending_bytes(), " bytes wait"));
  Leave(CloseReason::kSlowConsumerWriteDeadline);
}

}  // namespace wherry::nats
