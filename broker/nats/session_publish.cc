// PUB and HPUB.
#include "absl/strings/str_cat.h"
#include "broker/nats/local_message.h"
#include "broker/nats/session.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace {

// Messages of a run at most, so that what refers to them stays small.
constexpr std::size_t kMaxRun = 1024;

}  // namespace

// Gathers a message that needs no thought of its own with those before it on its subject. False: it
// must be handled alone.
bool Session::AddToRun(const Operation& operation, const std::shared_ptr<const void>& owner) {
  MessageRun& run = part_.run();
  // Nothing but messages comes between those of a run, so what held for the first holds on.
  if (in_run_ && operation.same_subject) return ContinueRun(operation);
  if (!operation.reply.empty() || operation.header_size >= 0 || operation.tail.empty() ||
      connect_.verbose || connect_.pedantic || identity_ == nullptr || owner != nullptr ||
      settings().trace || account_->request_log() != nullptr || MayBeStruck()) {
    return false;
  }
  if (in_run_ && operation.subject != run.subject) EndRun();
  if (!in_run_) {
    if (connection_.closing()) return true;
    if (IsReservedSubject(operation.subject)) return false;
    if (permissions_ != nullptr && !permissions_->ListsAllowPublish(operation.subject)) {
      return false;
    }
    RouteTo(operation.subject);
    run.Clear();
    run.subject = operation.subject;
    in_run_ = true;
    run_is_heard_ = !latest_route_->empty();
  }
  return ContinueRun(operation);
}

bool Session::ContinueRun(const Operation& operation) {
  MessageRun& run = part_.run();
  if (run_is_heard_) {
    run.Add(operation.tail, operation.payload.size());
  } else {
    run.Count(operation.payload.size());
  }
  if (run.messages >= kMaxRun) EndRun();
  return true;
}

void Session::EndRun() {
  in_run_ = false;
  MessageRun& run = part_.run();
  Counters& counters = part_.counters();
  counters.in_msgs.Add(run.messages);
  counters.in_bytes.Add(run.payload_bytes);
  counts_.in_msgs += run.messages;
  counts_.in_bytes += run.payload_bytes;
  Active();
  if (run.tails.empty()) return;
  published_ = true;
  delivering_ = this;
  router_->Deliver(*latest_route_, run, connect_.echo ? nullptr : this);
  delivering_ = nullptr;
}

void Session::HandlePub(const Operation& operation, const std::shared_ptr<const void>& owner) {
  Counters& counters = part_.counters();
  counters.in_msgs.Add(1);
  counters.in_bytes.Add(operation.payload.size());
  ++counts_.in_msgs;
  counts_.in_bytes += operation.payload.size();
  Active();
  if (connect_.pedantic && !IsValidLiteralSubject(operation.subject)) {
    WriteError("Invalid Publish Subject");
  }
  if (!MayPublish(operation)) return;
  WriteOk();
  Publish(operation, owner);
}

bool Session::MayPublish(const Operation& operation) {
  // The time matters only where leave to answer runs out.
  const bool allowed =
      !IsReservedSubject(operation.subject) &&
      (permissions_ == nullptr ||
       permissions_
           ->MayPublish(operation.subject,
                        permissions_->tracks_replies() ? Now() : runtime::Instant())
           .allowed);
  if (!allowed) {
    WriteError(PublishViolation(operation.subject));
    return false;
  }
  if (IsReservedReply(operation.reply)) {
    WriteError(ReplyViolation(operation.reply));
    return false;
  }
  return true;
}

Route& Session::RouteTo(std::string_view subject) {
  if (latest_epoch_ != router_->epoch() || latest_route_->subject != subject ||
      !router_->IsCurrent(*latest_route_)) {
    latest_route_ = &router_->Find(subject);
    latest_epoch_ = router_->epoch();
  }
  return *latest_route_;
}

void Session::Publish(const Operation& operation, const std::shared_ptr<const void>& owner) {
  Route& route = RouteTo(operation.subject);
  const Subscriber* const without = connect_.echo ? nullptr : this;
  // Counted before, since a delivery may end subscriptions.
  if (part_.logging() != nullptr) {
    part_.logging()->receivers = static_cast<std::int64_t>(CountReceivers(route, without));
  }
  const bool wants_answer = !operation.reply.empty() && connect_.no_responders;
  if (route.empty()) {
    if (wants_answer) AnswerNoResponders(operation.subject, operation.reply);
    return;
  }

  Message message{operation.subject,
                  operation.reply,
                  operation.header_size,
                  operation.payload,
                  operation.tail,
                  {},
                  nullptr};
  if (owner != nullptr && operation.payload.size() >= kShareFrom) message.owner = owner;
  // Blanks that differ from the canonical form, and a body without its headers, are put together
  // anew.
  std::string rebuilt, stripped;
  if (message.tail.empty() || message.has_headers()) {
    const std::string reply =
        operation.reply.empty() ? "" : absl::StrCat(std::string(operation.reply), " ");
    if (message.tail.empty()) {
      rebuilt = reply;
      if (message.has_headers()) absl::StrAppend(&rebuilt, message.header_size, " ");
      absl::StrAppend(&rebuilt, message.payload.size(), "\r\n");
      rebuilt.append(message.payload).append("\r\n");
      message.tail = rebuilt;
      message.owner = nullptr;
    }
    if (message.has_headers()) {
      const std::string_view body =
          message.payload.substr(static_cast<std::size_t>(message.header_size));
      stripped = absl::StrCat(reply, body.size(), "\r\n");
      stripped.append(body).append("\r\n");
      message.stripped_tail = stripped;
    }
  }

  published_ = true;
  delivering_ = this;
  const bool delivered = router_->Deliver(route, message, without);
  delivering_ = nullptr;
  if (!delivered && part_.logging() != nullptr) part_.logging()->receivers = 0;
  if (!delivered && wants_answer) AnswerNoResponders(operation.subject, operation.reply);
}

// ADR-2 (no responders): only the requester itself hears of it, on its own plain subscription.
void Session::AnswerNoResponders(std::string_view subject, std::string_view reply) {
  if (part_.logging() != nullptr) part_.logging()->error = kNoResponders;
  const Route& route = router_->Find(reply);
  for (const Target& target : route.local) {
    if (&target.subscription->subscriber() != this) continue;
    const std::string header =
        absl::StrCat("NATS/1.0 503\r\nNats-Subject: ", std::string(subject), "\r\n\r\n");
    const std::string tail =
        absl::StrCat(header.size(), " ", header.size(), "\r\n", header, "\r\n");
    Message message;
    message.subject = reply;
    message.header_size = static_cast<std::int32_t>(header.size());
    message.payload = header;
    message.tail = tail;
    Deliver(*target.subscription, target.prefix, message);
    return;
  }
}

}  // namespace wherry::nats
