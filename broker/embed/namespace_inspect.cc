// What a namespace shows of itself, and what looks wrong in it.
#include <algorithm>
#include <chrono>

#include "broker/embed/await.h"
#include "broker/embed/connections.h"
#include "broker/embed/lint_rules.h"
#include "broker/embed/namespace_state.h"
#include "broker/embed/requests.h"
#include "wherry/await.h"
#include "wherry/namespace.h"

namespace wherry {

namespace {

using std::chrono::steady_clock;

// A client's close reaches us a little later than the client's own return from it.
Status AwaitClosed(Namespace& ns, std::chrono::milliseconds grace) {
  const steady_clock::time_point limit = steady_clock::now() + grace;
  for (const char* const protocol : {"nats", "kafka"}) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - steady_clock::now());
    const Status closed =
        ns.Await(Connections(protocol, 0), std::max(left, std::chrono::milliseconds(0)));
    if (!closed.ok() && closed.code() != StatusCode::kDeadlineExceeded) return closed;
  }
  return {};
}

// Topics and groups, for the rules.
Status TakeKafka(Kafka& kafka, embed::LintSubject& subject) {
  const auto topics = kafka.Topics();
  if (!topics.ok()) return topics.status();
  for (const std::string& name : *topics) {
    const auto topic = kafka.DescribeTopic(name);
    if (!topic.ok()) continue;  // deleted meanwhile
    for (std::size_t i = 0; i < topic->partitions.size(); ++i) {
      subject.bounds[{name, static_cast<std::int32_t>(i)}] = topic->partitions[i];
    }
  }
  const auto groups = kafka.Groups();
  if (!groups.ok()) return groups.status();
  for (const GroupInfo& group : *groups) subject.committed[group.group] = group.offsets;
  return {};
}

}  // namespace

StatusOr<std::vector<ConnectionInfo>> Namespace::connections() {
  return embed::ConnectionsOf(*state_);
}

std::vector<RequestInfo> Namespace::Requests(const RequestFilter& filter) const {
  return embed::RequestsIn(state_->requests.get(), filter);
}

StatusOr<std::vector<LintFinding>> Namespace::Lint(const LintOptions& options) {
  if (state_->requests == nullptr) {
    return Status(StatusCode::kFailedPrecondition,
                  "there is no history to look at; start the broker with Options::history, such as "
                  "10,000 operations");
  }
  embed::LintSubject subject;
  if (!options.allowed.contains(LintRule::kLeakedConnection)) {
    if (Status status = AwaitClosed(*this, options.grace); !status.ok()) return status;
    auto open = connections();
    if (!open.ok()) return open.status();
    subject.connections = std::move(open).value();
  }
  if (Status status = TakeKafka(kafka(), subject); !status.ok()) return status;
  subject.requests = requests();
  return embed::FindLint(subject, options);
}

Status Namespace::Await(const Condition& condition, std::chrono::milliseconds limit) {
  return embed::Await(state_, condition, limit);
}

Status Namespace::AwaitIdle(std::chrono::milliseconds limit) {
  return embed::AwaitIdle(state_, limit);
}

}  // namespace wherry
