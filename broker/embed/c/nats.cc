// NATS of wherry/c.h.
#include "broker/embed/c/handles.h"

using wherry::NatsMessage;
using wherry::StatusOr;
using wherry::embed::Report;

namespace {

int ReportMessage(StatusOr<NatsMessage> came, wherry_message** message, char** error) {
  *message = came.ok() ? new wherry_message{std::move(came).value()} : nullptr;
  return Report(came.status(), error);
}

}  // namespace

int wherry_nats_publish(wherry_namespace* space, const char* subject, const void* payload,
                        std::size_t payload_size, char** error) {
  return Report(space->space.nats().Publish(subject,
                                                     wherry::embed::Bytes(payload, payload_size)),
                error);
}

int wherry_nats_request(wherry_namespace* space, const char* subject, const void* payload,
                        std::size_t payload_size, std::int64_t timeout_ms, wherry_message** answer,
                        char** error) {
  return ReportMessage(space->space.nats().Request(
                           subject, wherry::embed::Bytes(payload, payload_size),
                           std::chrono::milliseconds(timeout_ms)),
                       answer, error);
}

int wherry_nats_subscribe(wherry_namespace* space, const char* subject, const char* queue,
                          wherry_subscription** subscription, char** error) {
  *subscription = nullptr;
  auto subscribed =
      space->space.nats().Subscribe(subject, queue == nullptr ? "" : queue);
  if (subscribed.ok()) *subscription = new wherry_subscription{std::move(subscribed).value()};
  return Report(subscribed.status(), error);
}

int wherry_subscription_next(wherry_subscription* subscription, std::int64_t timeout_ms,
                             wherry_message** message, char** error) {
  return ReportMessage(subscription->subscription.Next(std::chrono::milliseconds(timeout_ms)),
                       message, error);
}

void wherry_subscription_free(wherry_subscription* subscription) { delete subscription; }

const char* wherry_message_subject(const wherry_message* message) {
  return message->message.subject.c_str();
}

const char* wherry_message_reply(const wherry_message* message) {
  return message->message.reply.c_str();
}

const char* wherry_message_headers(const wherry_message* message, std::size_t* size) {
  return wherry::embed::Show(message->message.headers, size);
}

const char* wherry_message_payload(const wherry_message* message, std::size_t* size) {
  return wherry::embed::Show(message->message.payload, size);
}

void wherry_message_free(wherry_message* message) { delete message; }
