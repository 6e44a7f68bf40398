#include "broker/embed/control/inspect_json.h"

#include <boost/json/array.hpp>

#include "broker/embed/control/json.h"

namespace wherry::embed::control {

namespace {

std::int64_t Millis(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

boost::json::array Texts(const std::vector<std::string>& texts) {
  boost::json::array list;
  for (const std::string& text : texts) list.push_back(JsonText(text));
  return list;
}

std::string_view VerdictName(RouteExplanation::Verdict verdict) {
  switch (verdict) {
    case RouteExplanation::Verdict::kReceives:
      return "receives";
    case RouteExplanation::Verdict::kOneOfQueue:
      return "one_of_queue";
    case RouteExplanation::Verdict::kPermissionDenied:
      return "permission_denied";
    case RouteExplanation::Verdict::kNearMiss:
      break;
  }
  return "near_miss";
}

boost::json::array Verdicts(const std::vector<RouteExplanation::Subscription>& subscriptions) {
  boost::json::array list;
  for (const RouteExplanation::Subscription& one : subscriptions) {
    list.push_back({{"subscription", ToJson(one.subscription)},
                    {"verdict", JsonText(VerdictName(one.verdict))},
                    {"why", JsonText(one.why)}});
  }
  return list;
}

boost::json::object Member(const GroupMemberInfo& member) {
  boost::json::object assignment;
  for (const auto& [topic, partitions] : member.assignment) {
    assignment[JsonText(topic)] = boost::json::array(partitions.begin(), partitions.end());
  }
  boost::json::object json;
  json["id"] = JsonText(member.id);
  json["instance_id"] = nullptr;
  if (member.instance_id.has_value()) json["instance_id"] = JsonText(*member.instance_id);
  json["client_id"] = JsonText(member.client_id);
  json["host"] = JsonText(member.host);
  json["assignment"] = std::move(assignment);
  return json;
}

}  // namespace

boost::json::object ToJson(const ConnectionInfo& connection) {
  return {{"protocol", JsonText(connection.protocol)},
          {"id", connection.id},
          {"remote", JsonText(connection.remote)},
          {"client", JsonText(connection.client)},
          {"library", JsonText(connection.library)},
          {"user", JsonText(connection.user)},
          {"since_ms", Millis(connection.since)},
          {"in_bytes", connection.in_bytes},
          {"out_bytes", connection.out_bytes},
          {"requests", connection.requests},
          {"subscriptions", connection.subscriptions}};
}

boost::json::object ToJson(const RequestInfo& request) {
  boost::json::array places;
  for (const RequestPlace& place : request.places) {
    places.push_back({{"topic", JsonText(place.topic)},
                      {"partition", place.partition},
                      {"asked", place.asked},
                      {"answered", place.answered}});
  }
  boost::json::object json = {{"sequence", request.sequence},
                              {"time_ms", Millis(request.time)},
                              {"operation", JsonText(request.operation)},
                              {"connection", request.connection},
                              {"client", JsonText(request.client)},
                              {"version", request.version},
                              {"correlation_id", request.correlation_id},
                              {"topics", Texts(request.topics)},
                              {"groups", Texts(request.groups)},
                              {"places", std::move(places)},
                              {"subject", JsonText(request.subject)},
                              {"reply", JsonText(request.reply)},
                              {"queue", JsonText(request.queue)},
                              {"sid", JsonText(request.sid)},
                              {"receivers", request.receivers},
                              {"bytes", request.bytes},
                              {"answered", request.answered},
                              {"error", JsonText(request.error)},
                              {"text", JsonText(request.ToString())}};
  PutBytes(json, "payload", request.payload);
  return json;
}

boost::json::object ToJson(const NatsSubscriptionInfo& subscription) {
  return {{"subject", JsonText(subscription.subject)},
          {"queue", JsonText(subscription.queue)},
          {"sid", JsonText(subscription.sid)},
          {"connection", subscription.connection},
          {"client", JsonText(subscription.client)},
          {"user", JsonText(subscription.user)},
          {"delivered", subscription.delivered},
          {"max", subscription.max}};
}

boost::json::object ToJson(const RouteExplanation& explanation) {
  boost::json::array unheard;
  for (const RequestInfo& request : explanation.unheard) unheard.push_back(ToJson(request));
  return {{"subject", JsonText(explanation.subject)},
          {"receivers", Verdicts(explanation.receivers)},
          {"non_receivers", Verdicts(explanation.non_receivers)},
          {"subscriptions", explanation.subscriptions},
          {"deliveries", explanation.deliveries},
          {"unheard", std::move(unheard)},
          {"text", JsonText(explanation.ToString())}};
}

boost::json::object ToJson(const GroupInfo& group) {
  boost::json::array members, offsets;
  for (const GroupMemberInfo& member : group.members) members.push_back(Member(member));
  for (const auto& [partition, offset] : group.offsets) {
    offsets.push_back({{"topic", JsonText(partition.first)},
                       {"partition", partition.second},
                       {"offset", offset}});
  }
  return {{"group", JsonText(group.group)},
          {"state", JsonText(group.state)},
          {"kind", group.kind},
          {"generation", group.generation},
          {"protocol_type", JsonText(group.protocol_type)},
          {"protocol", JsonText(group.protocol)},
          {"members", std::move(members)},
          {"offsets", std::move(offsets)}};
}

boost::json::object ToJson(const TopicInfo& topic) {
  boost::json::array partitions;
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    partitions.push_back({{"start_offset", topic.partitions[i].start_offset},
                          {"high_watermark", topic.partitions[i].high_watermark},
                          {"leader", topic.leaders[i].node},
                          {"leader_epoch", topic.leaders[i].epoch}});
  }
  boost::json::object configs;
  for (const auto& [name, value] : topic.configs) configs[JsonText(name)] = JsonText(value);
  return {{"topic", JsonText(topic.topic)},
          {"id", JsonText(topic.id)},
          {"partitions", std::move(partitions)},
          {"configs", std::move(configs)}};
}

boost::json::object ToJson(const ClientTelemetry& client) {
  boost::json::object json = {{"client_instance_id", JsonText(client.client_instance_id)},
                              {"client", JsonText(client.client)},
                              {"library", JsonText(client.library)},
                              {"interval_ms", client.interval.count()},
                              {"wanted", Texts(client.wanted)},
                              {"pushes", client.pushes},
                              {"terminating", client.terminating},
                              {"pushed_ms", Millis(client.pushed)},
                              {"metrics", Texts(client.metrics)}};
  PutBytes(json, "payload", client.payload);
  return json;
}

}  // namespace wherry::embed::control
