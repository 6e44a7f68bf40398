// Operations that look inside: connections, the log of requests, subscriptions, groups, lint.
#include <boost/json/array.hpp>

#include "absl/strings/str_cat.h"
#include "broker/embed/control/inspect_json.h"
#include "broker/embed/control/json.h"
#include "broker/embed/control/operation.h"
#include "wherry/lint.h"

namespace wherry::embed::control {

namespace {

template <typename T>
Answer ListOf(std::string_view name, const StatusOr<std::vector<T>>& values) {
  if (!values.ok()) return values.status();
  boost::json::array list;
  for (const T& value : *values) list.push_back(ToJson(value));
  return boost::json::object{{name, std::move(list)}};
}

Answer Connections(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  return ListOf("connections", scope.space.connections());
}

Answer Requests(const Scope& scope, Arguments& in) {
  RequestFilter filter;
  filter.operation = in.Text("operation", "");
  filter.topic = in.Text("topic", "");
  filter.group = in.Text("group", "");
  filter.subject = in.Text("subject", "");
  filter.client = in.Text("client", "");
  if (in.Has("connection")) {
    filter.connection = static_cast<std::uint64_t>(in.Integer("connection"));
  }
  if (in.Has("failed")) filter.failed = in.Flag("failed", false);
  if (Status status = in.Check(); !status.ok()) return status;
  return ListOf("requests", StatusOr<std::vector<RequestInfo>>(scope.space.Requests(filter)));
}

// The rules that a list of names switches off.
std::set<LintRule> Rules(Arguments& in, std::string_view name) {
  constexpr LintRule kRules[] = {LintRule::kUnreceived, LintRule::kUncommittedRead,
                                 LintRule::kLateSubscription, LintRule::kLeakedConnection};
  std::set<LintRule> rules;
  for (const std::string& wanted : in.Texts(name)) {
    const auto found = std::find_if(std::begin(kRules), std::end(kRules), [&](LintRule rule) {
      return LintRuleName(rule) == wanted;
    });
    if (found != std::end(kRules)) {
      rules.insert(*found);
    } else {
      in.Complain(absl::StrCat("there is no lint rule \"", wanted,
                               "\"; there are unreceived, uncommitted_read, late_subscription, "
                               "leaked_connection"));
    }
  }
  return rules;
}

Answer Lint(const Scope& scope, Arguments& in) {
  LintOptions options;
  options.allowed = Rules(in, "allow");
  options.grace = in.Patience("grace_ms", options.grace);
  if (Status status = in.Check(); !status.ok()) return status;
  const auto findings = scope.space.Lint(options);
  if (!findings.ok()) return findings.status();
  boost::json::array list;
  for (const LintFinding& finding : *findings) {
    list.push_back({{"rule", JsonText(LintRuleName(finding.rule))},
                    {"text", JsonText(finding.text)}});
  }
  return boost::json::object{{"findings", std::move(list)}};
}

Answer Subscriptions(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  return ListOf("subscriptions", scope.space.nats().Subscriptions());
}

Answer ExplainRoute(const Scope& scope, Arguments& in) {
  const std::string subject = in.Text("subject");
  if (Status status = in.Check(); !status.ok()) return status;
  const auto explanation = scope.space.nats().ExplainRoute(subject);
  if (!explanation.ok()) return explanation.status();
  return ToJson(*explanation);
}

Answer Groups(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  return ListOf("groups", scope.space.kafka().Groups());
}

Answer DescribeGroup(const Scope& scope, Arguments& in) {
  const std::string group = in.Text("group");
  if (Status status = in.Check(); !status.ok()) return status;
  const auto info = scope.space.kafka().DescribeGroup(group);
  if (!info.ok()) return info.status();
  return ToJson(*info);
}

Answer DescribeTopic(const Scope& scope, Arguments& in) {
  const std::string topic = in.Text("topic");
  if (Status status = in.Check(); !status.ok()) return status;
  const auto info = scope.space.kafka().DescribeTopic(topic);
  if (!info.ok()) return info.status();
  return ToJson(*info);
}

Answer Telemetry(const Scope& scope, Arguments& in) {
  if (Status status = in.Check(); !status.ok()) return status;
  return ListOf("clients", scope.space.kafka().Telemetry());
}

constexpr Operation kOperations[] = {
    {"connections",
     "{} -> {connections: [{protocol, id, remote, client, library, user, since_ms, in_bytes, "
     "out_bytes, requests, subscriptions}]}",
     Connections},
    {"requests",
     "{operation?, topic?, group?, subject?, client?, connection?, failed?} -> "
     "{requests: [{sequence, time_ms, operation, connection, client, ..., text}]}",
     Requests},
    {"lint", "{allow?: [rule], grace_ms? = 1000} -> {findings: [{rule, text}]}", Lint},
    {"nats.subscriptions",
     "{} -> {subscriptions: [{subject, queue, sid, connection, client, user, delivered, max}]}",
     Subscriptions},
    {"nats.explain_route",
     "{subject} -> {subject, receivers: [{subscription, verdict, why}], non_receivers, "
     "subscriptions, deliveries, unheard, text}",
     ExplainRoute},
    {"kafka.groups", "{} -> {groups: [as kafka.describe_group]}", Groups},
    {"kafka.describe_group",
     "{group} -> {group, kind, state, generation, protocol_type, protocol, members: [{id, "
     "instance_id, client_id, host, assignment: {topic: [partition]}}], offsets: [{topic, "
     "partition, offset}]}",
     DescribeGroup},
    {"kafka.describe_topic",
     "{topic} -> {topic, id, partitions: [{start_offset, high_watermark}], configs}",
     DescribeTopic},
    {"kafka.telemetry",
     "{} -> {clients: [{client_instance_id, client, library, interval_ms, wanted, pushes, "
     "terminating, pushed_ms, metrics: [name], payload}]}",
     Telemetry},
};

}  // namespace

std::span<const Operation> InspectOperations() { return kOperations; }

}  // namespace wherry::embed::control
