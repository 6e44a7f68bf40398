// What the request log keeps of a client's operations.
#include <algorithm>

#include "broker/nats/operation_name.h"
#include "broker/nats/session.h"

namespace wherry::nats {

namespace {

// PING and PONG only show that somebody is there.
bool IsLogged(Verb verb) {
  return verb == Verb::kPub || verb == Verb::kSub || verb == Verb::kUnsub ||
         verb == Verb::kConnect;
}

}  // namespace

core::LoggedRequest Session::Logged(Verb verb) const {
  core::LoggedRequest request;
  request.unix_millis = part_.shard().TurnUnixMillis();
  request.operation = OperationName(verb);
  request.connection = client_id_;
  request.client = connect_.name;
  request.answered = true;
  return request;
}

core::LoggedRequest Session::Logged(const Operation& operation) const {
  core::LoggedRequest request = Logged(operation.verb);
  // The operation holds what the one before had where its own verb has nothing.
  if (operation.verb == Verb::kPub) {
    const auto headers = static_cast<std::size_t>(std::max(operation.header_size, 0));
    request.subject = operation.subject;
    request.reply = operation.reply;
    request.bytes = operation.payload.size();
    request.payload = operation.payload.substr(headers, core::LoggedRequest::kMaxPayload);
  } else if (operation.verb == Verb::kSub) {
    request.subject = operation.subject;
    request.queue = operation.queue;
    request.sid = operation.sid;
  } else if (operation.verb == Verb::kUnsub) {
    request.sid = operation.sid;
    const auto found = subscriptions_.find(operation.sid);
    if (found != subscriptions_.end()) {
      request.subject = (*found)->subject();
      request.queue = (*found)->queue();
    }
  }
  return request;
}

// A message is logged before anybody can answer it. A subscription is logged when it can get
// messages: one that a message in front of it in the log did not reach came too late, whatever
// shards the two are on.
void Session::HandleLogged(const Operation& operation, const std::shared_ptr<const void>& owner) {
  if (!IsLogged(operation.verb)) return Perform(operation, owner);
  core::LoggedRequest request = Logged(operation);
  const bool is_message = operation.verb == Verb::kPub;
  core::RequestLog* const log = account_->request_log();
  const std::uint64_t sequence = is_message ? log->Add(request) : 0;
  part_.set_logging(&request);
  Perform(operation, owner);
  part_.set_logging(nullptr);
  if (is_message) {
    log->Amend(sequence, [&](core::LoggedRequest& logged) {
      logged.receivers = request.receivers;
      logged.error = request.error;
    });
    return;
  }
  // A CONNECT whose password is still being checked is logged when that is known.
  if (checked_ == nullptr) Log(std::move(request));
}

void Session::Log(core::LoggedRequest request) {
  // CONNECT says who the client is, and may have taken it to another account.
  request.client = connect_.name;
  if (account_->request_log() != nullptr) account_->request_log()->Add(std::move(request));
}

}  // namespace wherry::nats
