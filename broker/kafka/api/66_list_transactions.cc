// ListTransactions: the transactional ids, filtered by state, producer id, age and name (KIP-664).
//
// Versions 0-2. v1 filters by how long a transaction has been open (KIP-994), v2 by a pattern of
// the id (KIP-1152: RE2, which Kafka uses for it too).

#include <algorithm>

#include <re2/re2.h>

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "broker/kafka/transaction_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::vector<std::string> state_filters;
  std::vector<std::int64_t> producer_id_filters;
  std::int64_t duration_filter = -1;
  std::optional<std::string> transactional_id_pattern;

  static void Visit(auto& v, auto& m) {
    v.Array("StateFilters", m.state_filters);
    v.Array("ProducerIdFilters", m.producer_id_filters);
    v.Since(1).Field("DurationFilter", m.duration_filter);
    v.Since(2).Nullable("TransactionalIdPattern", m.transactional_id_pattern);
  }
};

struct TransactionState {
  std::string transactional_id;
  std::int64_t producer_id = 0;
  std::string transaction_state;

  static void Visit(auto& v, auto& m) {
    v.Field("TransactionalId", m.transactional_id);
    v.Field("ProducerId", m.producer_id);
    v.Field("TransactionState", m.transaction_state);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string> unknown_state_filters;
  std::vector<TransactionState> transaction_states;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Field("ErrorCode", m.error_code);
    v.Array("UnknownStateFilters", m.unknown_state_filters);
    v.Array("TransactionStates", m.transaction_states);
  }
};

// Every name that a state can have with Kafka, also of those that no transaction here is ever in.
constexpr std::string_view kStateNames[] = {"Empty",       "Ongoing",        "PrepareCommit",
                                            "PrepareAbort", "CompleteCommit", "CompleteAbort",
                                            "Dead",        "PrepareEpochFence"};
// As much as a pattern may take when it is compiled.
constexpr std::int64_t kMaxPatternBytes = 1 << 20;

template <typename Values, typename Value>
bool Has(const Values& values, const Value& value) {
  return std::find(std::begin(values), std::end(values), value) != std::end(values);
}

bool IsWanted(const Request& request, const core::TransactionListing& listing, std::int64_t now) {
  if (!request.state_filters.empty() &&
      !Has(request.state_filters, std::string_view(StateName(listing.state)))) {
    return false;
  }
  if (!request.producer_id_filters.empty() &&
      !Has(request.producer_id_filters, listing.producer_id)) {
    return false;
  }
  if (request.duration_filter < 0) return true;
  return listing.start_millis >= 0 && now - listing.start_millis > request.duration_filter;
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMaxPatternBytes);
  const std::string& text = request.transactional_id_pattern.value_or("");
  const RE2 pattern(text, options);
  if (!pattern.ok()) {
    response.error_code = ErrorCode::kInvalidRegularExpression;
    return reply.Send(response);
  }
  for (const std::string& name : request.state_filters) {
    if (!Has(kStateNames, name)) response.unknown_state_filters.push_back(name);
  }
  const std::int64_t now = call.cluster.home().clock().UnixMillis();
  for (core::TransactionListing& listing : call.cluster.transactions().List()) {
    if (!IsWanted(request, listing, now)) continue;
    if (call.cluster.nodes().CoordinatorOf(listing.transactional_id) != call.node.id) continue;
    if (!text.empty() && !RE2::FullMatch(listing.transactional_id, pattern)) continue;
    if (!May(call, AclOperation::kDescribe, AclResourceType::kTransactionalId,
             listing.transactional_id)) {
      continue;
    }
    response.transaction_states.push_back({std::move(listing.transactional_id),
                                           listing.producer_id, StateName(listing.state)});
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request&, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_66_list_transactions =
    MakeRow<Request, Response, Handle, Refuse>({.key = 66,
                                        .name = "ListTransactions",
                                        .min_version = 0,
                                        .max_version = 2,
                                        .flexible_since = 0});

}  // namespace wherry::kafka
