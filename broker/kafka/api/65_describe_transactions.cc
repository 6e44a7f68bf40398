// DescribeTransactions: the state of several transactional ids (KIP-664).
//
// Version 0. Not implemented: partitions of __consumer_offsets, which Kafka lists for the groups of
// a transaction; committed offsets lie in no topic here.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/security/admission.h"
#include "broker/kafka/transaction_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct Request {
  std::vector<std::string> transactional_ids;

  static void Visit(auto& v, auto& m) { v.Array("TransactionalIds", m.transactional_ids); }
};

struct TopicData {
  std::string topic;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Topic", m.topic);
    v.Array("Partitions", m.partitions);
  }
};

struct TransactionState {
  ErrorCode error_code = ErrorCode::kNone;
  std::string transactional_id;
  std::string transaction_state;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t transaction_start_time_ms = 0;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::vector<TopicData> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("ErrorCode", m.error_code);
    v.Field("TransactionalId", m.transactional_id);
    v.Field("TransactionState", m.transaction_state);
    v.Field("TransactionTimeoutMs", m.transaction_timeout_ms);
    v.Field("TransactionStartTimeMs", m.transaction_start_time_ms);
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
    v.Array("Topics", m.topics);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  std::vector<TransactionState> transaction_states;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Array("TransactionStates", m.transaction_states);
  }
};

void Describe(const Call& call, const core::TransactionDescription& description,
              TransactionState& state) {
  state.transaction_state = StateName(description.state);
  state.transaction_timeout_ms = static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(description.timeout).count());
  state.transaction_start_time_ms = description.start_millis;
  state.producer_id = description.producer.producer_id;
  state.producer_epoch = description.producer.epoch;
  for (const auto& [topic, partitions] : description.partitions) {
    if (!May(call, AclOperation::kDescribe, AclResourceType::kTopic, topic)) continue;
    state.topics.push_back({topic, {partitions.begin(), partitions.end()}});
  }
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  Response response;
  for (const std::string& id : request.transactional_ids) {
    TransactionState& state = response.transaction_states.emplace_back();
    state.transactional_id = id;
    const auto description = call.cluster.transactions().Describe(id);
    if (id.empty()) {
      state.error_code = ErrorCode::kInvalidRequest;
    } else if (description.has_value()) {
      Describe(call, *description, state);
    } else {
      state.error_code = ErrorCode::kTransactionalIdNotFound;
    }
  }
  reply.Send(response);
}

void Refuse(const Call&, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  for (const std::string& id : request.transactional_ids) {
    TransactionState& state = response.transaction_states.emplace_back();
    state.transactional_id = id;
    state.error_code = error;
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_65_describe_transactions =
    MakeRow<Request, Response, Handle, Refuse>({.key = 65,
                                        .name = "DescribeTransactions",
                                        .min_version = 0,
                                        .max_version = 0,
                                        .flexible_since = 0});

}  // namespace wherry::kafka
