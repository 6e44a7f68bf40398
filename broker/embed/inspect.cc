// How what a test can look at is written for people.
#include "wherry/inspect.h"

#include <ostream>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wherry/kafka.h"
#include "wherry/nats.h"

namespace wherry {

namespace {

std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }

// Bytes that a person may see; the first ones of many.
std::string Shown(std::string_view bytes) {
  constexpr std::size_t kShown = 200;
  const std::string first(bytes.substr(0, kShown));
  const std::string rest =
      bytes.size() > kShown ? absl::StrCat(" and ", bytes.size() - kShown, " bytes more") : "";
  return absl::StrCat("\"", absl::CHexEscape(first), "\"", rest);
}

// "\"billing\" (connection 3)"
std::string Who(const std::string& client, std::uint64_t connection) {
  if (connection == 0) return "the process itself";
  const std::string number = absl::StrCat("connection ", connection);
  return client.empty() ? number : absl::StrCat(Quoted(client), " (", number, ")");
}

std::string Count(std::size_t count, const char* one) {
  return absl::StrCat(count, " ", one, count == 1 ? "" : "s");
}

std::string TextOf(const NatsSubscriptionInfo& subscription) {
  std::string text = Quoted(subscription.subject);
  if (!subscription.queue.empty()) {
    absl::StrAppend(&text, " in queue ", Quoted(subscription.queue));
  }
  return absl::StrCat(text, " of ", Who(subscription.client, subscription.connection));
}

// "orders[0]@5->8"
std::string TextOf(const RequestPlace& place) {
  std::string text = absl::StrCat(place.topic, "[", place.partition, "]");
  if (place.asked != -1) absl::StrAppend(&text, "@", place.asked);
  if (place.answered != -1) absl::StrAppend(&text, "->", place.answered);
  return text;
}

std::string SubjectsOf(const RequestInfo& request) {
  std::string text;
  for (const RequestPlace& place : request.places) absl::StrAppend(&text, " ", TextOf(place));
  if (request.places.empty()) {
    for (const std::string& topic : request.topics) absl::StrAppend(&text, " ", topic);
  }
  for (const std::string& group : request.groups) absl::StrAppend(&text, " group ", group);
  if (!request.subject.empty()) absl::StrAppend(&text, " ", request.subject);
  if (!request.queue.empty()) absl::StrAppend(&text, " queue ", request.queue);
  if (!request.reply.empty()) absl::StrAppend(&text, " reply ", request.reply);
  return text;
}

void AppendLines(const std::vector<RouteExplanation::Subscription>& subscriptions,
                 const char* label, std::string& text) {
  for (const RouteExplanation::Subscription& one : subscriptions) {
    absl::StrAppend(&text, "\n  ", label, " ", TextOf(one.subscription), ": ", one.why);
  }
}

}  // namespace

std::string RequestInfo::ToString() const {
  std::string text = absl::StrCat("#", sequence, " ", operation);
  if (version >= 0) absl::StrAppend(&text, " v", version);
  absl::StrAppend(&text, SubjectsOf(*this));
  if (receivers >= 0) {
    absl::StrAppend(&text, " (", Count(bytes, "byte"), " to ",
                    Count(static_cast<std::size_t>(receivers), "subscription"), ")");
  }
  absl::StrAppend(&text, " by ", Who(client, connection));
  if (!answered) absl::StrAppend(&text, ", not answered yet");
  if (!error.empty()) absl::StrAppend(&text, ": ", error);
  return text;
}

std::string RouteExplanation::ToString() const {
  std::string text;
  if (receivers.empty()) {
    text = absl::StrCat("nobody gets a message on ", Quoted(subject), ": ",
                        subscriptions == 0 ? std::string("there is no subscription at all")
                                           : absl::StrCat("none of the ",
                                                          Count(subscriptions, "subscription"),
                                                          " receives it"));
  } else {
    text = absl::StrCat("a message on ", Quoted(subject), " is delivered ",
                        deliveries == 1 ? std::string("once") : absl::StrCat(deliveries, " times"),
                        ":");
  }
  AppendLines(receivers, "gets it:", text);
  AppendLines(non_receivers, "does not:", text);
  if (!unheard.empty()) {
    absl::StrAppend(&text, "\n  ", Count(unheard.size(), "message"),
                    " on it reached nobody before, the last one ", unheard.back().ToString());
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const KafkaRecord& record) {
  const auto text = [](const std::optional<std::string>& part) {
    return part.has_value() ? Shown(*part) : std::string("null");
  };
  out << "record [" << record.partition << "]@" << record.offset << " key " << text(record.key)
      << " value " << text(record.value);
  for (const auto& [name, value] : record.headers) out << ", " << name << ": " << text(value);
  return out;
}

std::ostream& operator<<(std::ostream& out, const NatsMessage& message) {
  out << "message on " << Quoted(message.subject) << " of " << Shown(message.payload);
  if (!message.reply.empty()) out << ", reply to " << Quoted(message.reply);
  if (!message.headers.empty()) out << ", headers " << Shown(message.headers);
  return out;
}

std::ostream& operator<<(std::ostream& out, const NatsSubscriptionInfo& subscription) {
  return out << TextOf(subscription) << ", sent " << subscription.delivered;
}

std::ostream& operator<<(std::ostream& out, const ConnectionInfo& connection) {
  out << connection.protocol << " connection " << connection.id << " of " << connection.remote;
  if (!connection.client.empty()) out << ", " << Quoted(connection.client);
  if (!connection.library.empty()) out << ", " << connection.library;
  return out;
}

std::ostream& operator<<(std::ostream& out, const GroupInfo& group) {
  out << "group " << group.group << ": " << group.state << ", generation " << group.generation;
  for (const GroupMemberInfo& member : group.members) {
    out << "; " << member.id << " has";
    for (const auto& [topic, partitions] : member.assignment) {
      for (const std::int32_t partition : partitions) {
        out << ' ' << topic << '[' << partition << ']';
      }
    }
  }
  for (const auto& [place, offset] : group.offsets) {
    out << "; " << place.first << '[' << place.second << "] committed to " << offset;
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const TopicInfo& topic) {
  out << "topic " << topic.topic;
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    out << "; [" << i << "] " << topic.partitions[i].start_offset << ".."
        << topic.partitions[i].high_watermark;
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const ClientTelemetry& client) {
  out << "telemetry of " << Quoted(client.client);
  if (!client.library.empty()) out << ", " << client.library;
  out << ": " << client.pushes << (client.pushes == 1 ? " push" : " pushes");
  if (!client.payload.empty()) out << ", the last of " << client.metrics.size() << " metrics";
  if (client.terminating) out << "; terminating";
  return out;
}

std::ostream& operator<<(std::ostream& out, const RequestInfo& request) {
  return out << request.ToString();
}

std::ostream& operator<<(std::ostream& out, const RouteExplanation& explanation) {
  return out << explanation.ToString();
}

}  // namespace wherry
