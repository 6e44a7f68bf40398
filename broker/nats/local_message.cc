#include "broker/nats/local_message.h"

#include "absl/strings/str_cat.h"
#include "protocol/nats/headers.h"
#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace {

core::LoggedRequest Logged(runtime::Shard& shard, const char* operation, std::string_view subject) {
  core::LoggedRequest request;
  request.unix_millis = shard.TurnUnixMillis();
  request.operation = operation;
  request.subject = subject;
  request.answered = true;
  return request;
}

}  // namespace

absl::Status CheckLocalMessage(const LocalMessage& message, std::int32_t max_payload) {
  if (!IsValidLiteralSubject(message.subject)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot publish to \"", std::string(message.subject),
                     "\": a subject is tokens joined by dots, without blanks and wildcards"));
  }
  if (!message.reply.empty() && !IsValidLiteralSubject(message.reply)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", std::string(message.reply), "\" is no subject to reply to"));
  }
  if (!message.headers.empty() && !IsValidHeaderBlock(message.headers)) {
    return absl::InvalidArgumentError(
        "the header block must begin with NATS/1.0 and end with an empty line");
  }
  const std::size_t size = message.headers.size() + message.payload.size();
  if (size > static_cast<std::size_t>(max_payload)) {
    return absl::InvalidArgumentError(
        absl::StrCat("headers and payload of ", size, " bytes pass max_payload, ", max_payload));
  }
  return absl::OkStatus();
}

absl::Status CheckInterest(std::string_view subject, std::string_view queue) {
  if (!IsValidSubject(subject)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot subscribe to \"", std::string(subject),
                     "\": a subject is tokens joined by dots, without blanks, `>` last"));
  }
  if (queue.find_first_of(" \t\r\n") != std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", std::string(queue), "\" is no queue name: it has a blank"));
  }
  return absl::OkStatus();
}

bool PublishLocally(Server& server, Account& account, const LocalMessage& message) {
  ServerShard& part = server.home();
  const bool headers = !message.headers.empty();
  std::string payload(message.headers);
  payload.append(message.payload);
  std::string tail(message.reply);
  if (!tail.empty()) tail.push_back(' ');
  std::string stripped_tail;
  if (headers) {
    stripped_tail = absl::StrCat(tail, message.payload.size(), "\r\n");
    stripped_tail.append(message.payload).append("\r\n");
    absl::StrAppend(&tail, message.headers.size(), " ");
  }
  absl::StrAppend(&tail, payload.size(), "\r\n", payload, "\r\n");

  Message routed;
  routed.subject = message.subject;
  routed.reply = message.reply;
  routed.header_size = headers ? static_cast<std::int32_t>(message.headers.size()) : -1;
  routed.payload = payload;
  routed.tail = tail;
  routed.stripped_tail = stripped_tail;
  part.counters().in_msgs.Add(1);
  part.counters().in_bytes.Add(payload.size());
  Router& router = part.RouterOf(account);
  Route& route = router.Find(message.subject);
  core::RequestLog* const log = router.account().request_log();
  if (log == nullptr) return router.Deliver(route, routed, nullptr);
  core::LoggedRequest request = Logged(part.shard(), "nats.PUB", message.subject);
  request.reply = message.reply;
  request.payload = message.payload.substr(0, core::LoggedRequest::kMaxPayload);
  request.bytes = payload.size();
  request.receivers = static_cast<std::int64_t>(CountReceivers(route, nullptr));
  const std::uint64_t sequence = log->Add(std::move(request));
  if (router.Deliver(route, routed, nullptr)) return true;
  log->Amend(sequence, [&](core::LoggedRequest& logged) {
    logged.receivers = 0;
    if (message.request) logged.error = kNoResponders;
  });
  return false;
}

void LogLocalInterest(Account& account, runtime::Shard& shard, const char* operation,
                      const Subscription& subscription) {
  if (account.request_log() == nullptr) return;
  core::LoggedRequest request = Logged(shard, operation, subscription.subject());
  request.queue = subscription.queue();
  account.request_log()->Add(std::move(request));
}

std::string_view HeaderValue(std::string_view headers, std::string_view name) {
  return FindHeader(headers, name);
}

}  // namespace wherry::nats
