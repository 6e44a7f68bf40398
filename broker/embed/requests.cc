#include "broker/embed/requests.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "protocol/nats/subject.h"

namespace wherry {

namespace {

bool Has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool IsOperation(std::string_view wanted, std::string_view operation) {
  if (!wanted.ends_with('*')) return operation == wanted;
  return operation.starts_with(wanted.substr(0, wanted.size() - 1));
}

}  // namespace

bool RequestFilter::Matches(const RequestInfo& request) const {
  if (!operation.empty() && !IsOperation(operation, request.operation)) return false;
  if (!topic.empty() && !Has(request.topics, topic)) return false;
  if (!group.empty() && !Has(request.groups, group)) return false;
  if (!client.empty() && request.client != client) return false;
  if (connection.has_value() && request.connection != *connection) return false;
  if (failed.has_value() && request.error.empty() == *failed) return false;
  return subject.empty() ||
         (!request.subject.empty() && nats::SubjectMatches(subject, request.subject));
}

namespace embed {

RequestInfo InfoOf(const core::LoggedRequest& request) {
  RequestInfo info;
  info.sequence = request.sequence;
  info.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(request.unix_millis));
  info.operation = request.operation;
  info.connection = request.connection;
  info.client = request.client;
  info.version = request.version;
  info.correlation_id = request.correlation_id;
  info.topics = request.topics;
  info.groups = request.groups;
  for (const core::LoggedRequest::Place& place : request.places) {
    info.places.push_back({place.topic, place.partition, place.asked, place.answered});
  }
  info.subject = request.subject;
  info.reply = request.reply;
  info.queue = request.queue;
  info.sid = request.sid;
  info.payload = request.payload;
  info.receivers = request.receivers;
  info.bytes = request.bytes;
  info.answered = request.answered;
  info.error = request.error;
  return info;
}

std::vector<RequestInfo> RequestsIn(const core::RequestLog* log, const RequestFilter& filter) {
  std::vector<RequestInfo> requests;
  if (log == nullptr) return requests;
  for (const core::LoggedRequest& request : log->All()) {
    RequestInfo info = InfoOf(request);
    if (filter.Matches(info)) requests.push_back(std::move(info));
  }
  return requests;
}

}  // namespace embed
}  // namespace wherry
