// What NATS shows of itself: subscriptions, and where a message would go.
#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/embed/ask.h"
#include "broker/embed/nats_state.h"
#include "broker/embed/requests.h"
#include "broker/nats/inspect.h"
#include "broker/nats/monitor/gather.h"
#include "broker/nats/near_miss.h"
#include "protocol/nats/subject.h"

namespace wherry {

namespace {

using Views = std::vector<nats::SubscriptionView>;
using Verdict = RouteExplanation::Verdict;

// Near misses that are told; the farther ones only confuse.
constexpr std::size_t kMaxNearMisses = 10;

absl::Status Ended() { return absl::UnavailableError("the namespace has ended"); }

// The subscriptions of all shards; `subject` may be empty. `State` is Nats::State.
template <typename State>
StatusOr<Views> GatherSubscriptions(State& state, std::string subject) {
  return embed::Ask<Views>(*state.link, [&](embed::Promise<absl::StatusOr<Views>> promise) {
    const nats::Account* const account = state.account;
    if (account == nullptr) return promise.Keep(Ended());
    nats::Gather<Views>(
        state.server, state.server.home().shard(),
        [account, subject](nats::ServerShard& part) {
          return nats::SubscriptionsOf(part, *account, subject);
        },
        [promise = std::move(promise)](std::vector<Views> shares) mutable {
          Views all;
          for (Views& share : shares) {
            std::move(share.begin(), share.end(), std::back_inserter(all));
          }
          promise.Keep(std::move(all));
        });
  });
}

NatsSubscriptionInfo InfoOf(const nats::SubscriptionView& view) {
  NatsSubscriptionInfo info;
  info.subject = view.info.subject;
  info.queue = view.info.queue;
  info.sid = view.info.sid;
  info.connection = view.info.cid;
  info.client = view.client;
  info.user = view.user;
  info.delivered = view.info.msgs;
  info.max = view.info.max;
  return info;
}

// Puts every subscription where it belongs; near misses with their distance.
class Explainer {
 public:
  explicit Explainer(std::string_view subject) { explanation_.subject = subject; }

  void Add(const nats::SubscriptionView& view) {
    ++explanation_.subscriptions;
    RouteExplanation::Subscription one{InfoOf(view), Verdict::kReceives, ""};
    if (!nats::SubjectMatches(view.info.subject, explanation_.subject)) {
      return AddNearMiss(std::move(one));
    }
    if (!view.may_deliver) {
      one.verdict = Verdict::kPermissionDenied;
      one.why = absl::StrCat("it matches, but the permissions of user \"", view.user,
                             "\" deny \"", explanation_.subject, "\" to its subscriptions");
      explanation_.non_receivers.push_back(std::move(one));
      return;
    }
    if (!view.info.queue.empty()) {
      one.verdict = Verdict::kOneOfQueue;
      ++queues_[view.info.queue];
    }
    explanation_.receivers.push_back(std::move(one));
  }

  RouteExplanation Explanation() && {
    const auto by_queue = [](const auto& a, const auto& b) {
      return a.subscription.queue < b.subscription.queue;
    };
    std::stable_sort(explanation_.receivers.begin(), explanation_.receivers.end(), by_queue);
    for (RouteExplanation::Subscription& one : explanation_.receivers) {
      if (one.verdict == Verdict::kReceives) {
        ++explanation_.deliveries;
        one.why = "it matches";
        continue;
      }
      const std::size_t members = queues_[one.subscription.queue];
      one.why = members == 1 ? absl::StrCat("the only member of queue \"",
                                            one.subscription.queue, "\"")
                             : absl::StrCat("queue \"", one.subscription.queue,
                                            "\" gives each message to one of its ", members,
                                            " members, chosen at random");
    }
    explanation_.deliveries += queues_.size();
    std::stable_sort(near_.begin(), near_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    if (near_.size() > kMaxNearMisses) near_.resize(kMaxNearMisses);
    for (auto& [distance, one] : near_) explanation_.non_receivers.push_back(std::move(one));
    return std::move(explanation_);
  }

 private:
  void AddNearMiss(RouteExplanation::Subscription one) {
    std::optional<nats::NearMiss> miss =
        nats::FindNearMiss(one.subscription.subject, explanation_.subject);
    if (!miss.has_value()) return;
    one.verdict = Verdict::kNearMiss;
    one.why = std::move(miss->why);
    near_.emplace_back(miss->distance, std::move(one));
  }

  RouteExplanation explanation_;
  std::map<std::string, std::size_t> queues_;  // their members that match
  std::vector<std::pair<int, RouteExplanation::Subscription>> near_;
};

}  // namespace

StatusOr<std::vector<NatsSubscriptionInfo>> Nats::Subscriptions() {
  const StatusOr<Views> views = GatherSubscriptions(*state_, "");
  if (!views.ok()) return views.status();
  std::vector<NatsSubscriptionInfo> infos;
  for (const nats::SubscriptionView& view : *views) infos.push_back(InfoOf(view));
  const auto place = [](const NatsSubscriptionInfo& info) {
    return std::tie(info.connection, info.subject, info.sid);
  };
  std::stable_sort(infos.begin(), infos.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return infos;
}

StatusOr<RouteExplanation> Nats::ExplainRoute(std::string_view subject) {
  if (!nats::IsValidLiteralSubject(subject)) {
    return Status(StatusCode::kInvalidArgument,
                  absl::StrCat("\"", std::string(subject),
                               "\" is no subject of a message: it must be tokens joined by dots, "
                               "without blanks and wildcards"));
  }
  const StatusOr<Views> views = GatherSubscriptions(*state_, std::string(subject));
  if (!views.ok()) return views.status();
  Explainer explainer(subject);
  for (const nats::SubscriptionView& view : *views) explainer.Add(view);
  RouteExplanation explanation = std::move(explainer).Explanation();
  for (RequestInfo& request : embed::RequestsIn(state_->requests.get(), {})) {
    if (request.receivers == 0 && request.subject == subject) {
      explanation.unheard.push_back(std::move(request));
    }
  }
  return explanation;
}

}  // namespace wherry
