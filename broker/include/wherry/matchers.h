#pragma once

// GoogleMock matchers for what a broker shows. Header-only; the including test links GoogleMock.
//
//   EXPECT_THAT(broker().kafka().Records("orders").value(),
//               ElementsAre(AllOf(HasKey("42"), HasValue(HasSubstr("paid")), OnPartition(0))));
//   EXPECT_THAT(ns.Requests({.operation = "kafka.Produce"}), Each(Succeeded()));
//
// Where a matcher takes a value, it takes a matcher for it, too. Each speaks of every type that has
// such a part: SubjectIs of a NatsMessage, a NatsSubscriptionInfo and a RequestInfo.

#include <string>

#include <gmock/gmock.h>

#include "wherry/inspect.h"
#include "wherry/kafka.h"
#include "wherry/nats.h"

namespace wherry::testing {

namespace internal {

// "whose key is equal to \"42\"", or its opposite.
template <typename T, typename M>
std::string Describe(const char* part, const M& matcher, bool negation) {
  return std::string("whose ") + part + " " + ::testing::DescribeMatcher<T>(matcher, negation);
}

// Matches `actual`, and says what it is.
template <typename M, typename T>
bool MatchPart(const char* part, const M& matcher, const T& actual,
               ::testing::MatchResultListener* listener) {
  *listener << "whose " << part << " is " << ::testing::PrintToString(actual) << " ";
  return ::testing::ExplainMatchResult(matcher, actual, listener);
}

// Of a part that may be null, which no matcher of a value fulfils.
template <typename M>
bool MatchNullable(const char* part, const M& matcher, const std::optional<std::string>& actual,
                   ::testing::MatchResultListener* listener) {
  if (actual.has_value()) return MatchPart(part, matcher, *actual, listener);
  *listener << "whose " << part << " is null";
  return false;
}

// The first header of that name; false: there is none.
inline bool FindHeader(const KafkaRecord& record, const std::string& name,
                       std::optional<std::string>& value) {
  for (const auto& [header, content] : record.headers) {
    if (header != name) continue;
    value = content;
    return true;
  }
  return false;
}
inline bool FindHeader(const NatsMessage& message, const std::string& name,
                       std::optional<std::string>& value) {
  const std::string_view found = message.Header(name);
  if (found.data() == nullptr || found.empty()) return false;
  value = std::string(found);
  return true;
}

}  // namespace internal

// KafkaRecord: its key, its value. One that is null has none.
MATCHER_P(HasKey, key, internal::Describe<std::string>("key", key, negation)) {
  return internal::MatchNullable("key", key, arg.key, result_listener);
}
MATCHER_P(HasValue, value, internal::Describe<std::string>("value", value, negation)) {
  return internal::MatchNullable("value", value, arg.value, result_listener);
}
MATCHER(HasNoKey, negation ? "has a key" : "has no key") { return !arg.key.has_value(); }
// A tombstone.
MATCHER(HasNoValue, negation ? "has a value" : "has no value") { return !arg.value.has_value(); }
// KafkaRecord: where it lies.
MATCHER_P(OnPartition, partition,
          internal::Describe<std::int32_t>("partition", partition, negation)) {
  return internal::MatchPart("partition", partition, arg.partition, result_listener);
}
MATCHER_P(AtOffset, offset, internal::Describe<std::int64_t>("offset", offset, negation)) {
  return internal::MatchPart("offset", offset, arg.offset, result_listener);
}
// KafkaRecord, NatsMessage: the first header of that name (NATS' without regard to case; an empty
// one counts as none there).
MATCHER_P2(HasHeader, name, value,
           internal::Describe<std::string>(("header \"" + std::string(name) + "\"").c_str(), value,
                                           negation)) {
  std::optional<std::string> found;
  if (!internal::FindHeader(arg, name, found)) {
    *result_listener << "which has no header " << ::testing::PrintToString(std::string(name));
    return false;
  }
  return internal::MatchNullable("header", value, found, result_listener);
}

// NatsMessage, NatsSubscriptionInfo, RequestInfo: the subject.
MATCHER_P(SubjectIs, subject, internal::Describe<std::string>("subject", subject, negation)) {
  return internal::MatchPart("subject", subject, arg.subject, result_listener);
}
// NatsMessage, RequestInfo (its first KiB): the payload.
MATCHER_P(PayloadIs, payload, internal::Describe<std::string>("payload", payload, negation)) {
  return internal::MatchPart("payload", payload, arg.payload, result_listener);
}
// NatsSubscriptionInfo, RequestInfo: the queue group; "" for none.
MATCHER_P(QueueIs, queue, internal::Describe<std::string>("queue", queue, negation)) {
  return internal::MatchPart("queue", queue, arg.queue, result_listener);
}
// NatsSubscriptionInfo, ConnectionInfo, RequestInfo: what the client calls itself.
MATCHER_P(ByClient, client, internal::Describe<std::string>("client", client, negation)) {
  return internal::MatchPart("client", client, arg.client, result_listener);
}

// RequestInfo: the operation, "kafka.Produce".
MATCHER_P(OperationIs, operation,
          internal::Describe<std::string>("operation", operation, negation)) {
  return internal::MatchPart("operation", operation, arg.operation, result_listener);
}
// RequestInfo: it names a topic, a group.
MATCHER_P(OnTopic, topic,
          internal::Describe<std::vector<std::string>>("topics", ::testing::Contains(topic),
                                                       negation)) {
  return internal::MatchPart("topics", ::testing::Contains(topic), arg.topics, result_listener);
}
MATCHER_P(OfGroup, group,
          internal::Describe<std::vector<std::string>>("groups", ::testing::Contains(group),
                                                       negation)) {
  return internal::MatchPart("groups", ::testing::Contains(group), arg.groups, result_listener);
}
// RequestInfo: how it ended.
MATCHER_P(FailedWith, error, internal::Describe<std::string>("error", error, negation)) {
  return internal::MatchPart("error", error, arg.error, result_listener);
}
MATCHER(Succeeded, negation ? "failed, or is not answered yet" : "was answered without an error") {
  if (!arg.error.empty()) *result_listener << "which failed with " << arg.error;
  if (!arg.answered) *result_listener << "which is not answered yet";
  return arg.answered && arg.error.empty();
}

}  // namespace wherry::testing
