// AddPartitionsToTxn: the partitions that a producer is about to write to in its transaction
// (KIP-98).
//
// Versions 0-5. v2 brought PRODUCER_FENCED (KIP-588), v3 is flexible, v4 has several transactions
// and may ask only whether partitions have been added (KIP-890: brokers do), v5 may answer
// TRANSACTION_ABORTABLE.

#include "broker/kafka/api_row.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/transaction_error.h"
#include "protocol/kafka/error_code.h"

namespace wherry::kafka {

namespace {

struct AddedTopic {
  std::string name;
  std::vector<std::int32_t> partitions;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("Partitions", m.partitions);
  }
};

struct Transaction {
  std::string transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  bool verify_only = false;
  std::vector<AddedTopic> topics;

  static void Visit(auto& v, auto& m) {
    v.Field("TransactionalId", m.transactional_id);
    v.Field("ProducerId", m.producer_id);
    v.Field("ProducerEpoch", m.producer_epoch);
    v.Field("VerifyOnly", m.verify_only);
    v.Array("Topics", m.topics);
  }
};

struct Request {
  std::vector<Transaction> transactions;
  Transaction only;  // of the versions that have one

  static void Visit(auto& v, auto& m) {
    v.Since(4).Array("Transactions", m.transactions);
    v.Until(3).Field("V3AndBelowTransactionalId", m.only.transactional_id);
    v.Until(3).Field("V3AndBelowProducerId", m.only.producer_id);
    v.Until(3).Field("V3AndBelowProducerEpoch", m.only.producer_epoch);
    v.Until(3).Array("V3AndBelowTopics", m.only.topics);
  }
};

struct PartitionResult {
  std::int32_t partition_index = 0;
  ErrorCode partition_error_code = ErrorCode::kNone;

  static void Visit(auto& v, auto& m) {
    v.Field("PartitionIndex", m.partition_index);
    v.Field("PartitionErrorCode", m.partition_error_code);
  }
};

struct TopicResult {
  std::string name;
  std::vector<PartitionResult> results_by_partition;

  static void Visit(auto& v, auto& m) {
    v.Field("Name", m.name);
    v.Array("ResultsByPartition", m.results_by_partition);
  }
};

struct TransactionResult {
  std::string transactional_id;
  std::vector<TopicResult> topic_results;

  static void Visit(auto& v, auto& m) {
    v.Field("TransactionalId", m.transactional_id);
    v.Array("TopicResults", m.topic_results);
  }
};

struct Response {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<TransactionResult> results_by_transaction;
  std::vector<TopicResult> only;

  static void Visit(auto& v, auto& m) {
    v.Field("ThrottleTimeMs", m.throttle_time_ms);
    v.Since(4).Field("ErrorCode", m.error_code);
    v.Since(4).Array("ResultsByTransaction", m.results_by_transaction);
    v.Until(3).Array("ResultsByTopicV3AndBelow", m.only);
  }
};

constexpr std::int16_t kFencedSince = 2;
constexpr std::int16_t kSeveralSince = 4;
constexpr std::int16_t kAbortableSince = 5;

std::vector<TopicResult> Results(const std::vector<AddedTopic>& topics, ErrorCode error) {
  std::vector<TopicResult> results;
  for (const AddedTopic& topic : topics) {
    TopicResult& result = results.emplace_back(TopicResult{topic.name, {}});
    for (const std::int32_t partition : topic.partitions) {
      result.results_by_partition.push_back({partition, error});
    }
  }
  return results;
}

void SetAll(std::vector<TopicResult>& topics, ErrorCode error) {
  for (TopicResult& topic : topics) {
    for (PartitionResult& part : topic.results_by_partition) part.partition_error_code = error;
  }
}

// All partitions are added or none: UNKNOWN_TOPIC_OR_PARTITION for those that are not there, and
// then OPERATION_NOT_ATTEMPTED for the others. False: there are such.
bool AllThere(const Call& call, std::vector<TopicResult>& topics) {
  bool all = true;
  for (TopicResult& result : topics) {
    const Topic* const topic = call.cluster.topics().Find(result.name);
    for (PartitionResult& part : result.results_by_partition) {
      const bool there = topic != nullptr && topic->partition(part.partition_index) != nullptr;
      part.partition_error_code =
          there ? ErrorCode::kOperationNotAttempted : ErrorCode::kUnknownTopicOrPartition;
      all = all && there;
    }
  }
  return all;
}

core::ProducerClaim ClaimOf(const Transaction& transaction) {
  return {transaction.transactional_id, {transaction.producer_id, transaction.producer_epoch}};
}

void Verify(const Call& call, const Transaction& transaction, std::vector<TopicResult>& topics) {
  for (TopicResult& topic : topics) {
    for (PartitionResult& part : topic.results_by_partition) {
      const core::TransactionError error = call.cluster.transactions().Verify(
          ClaimOf(transaction), topic.name, part.partition_index);
      const bool not_added = error == core::TransactionError::kNotAdded;
      part.partition_error_code = not_added && call.version < kAbortableSince
                                      ? ErrorCode::kInvalidTxnState
                                      : ErrorCodeOf(error);
    }
  }
}

using Gathering = std::shared_ptr<Gathered<Response>>;

// Adds what one transaction asks for; `results` finds its part of the response.
template <typename Results>
void AddTo(const Call& call, const Transaction& transaction, const Gathering& gathered,
           Results results) {
  std::vector<TopicResult>& topics = results(gathered->response);
  if (transaction.transactional_id.empty()) return SetAll(topics, ErrorCode::kInvalidRequest);
  if (transaction.verify_only) return Verify(call, transaction, topics);
  if (!AllThere(call, topics)) return;
  core::PartitionsByTopic partitions;
  for (const AddedTopic& topic : transaction.topics) {
    partitions[topic.name].insert(topic.partitions.begin(), topic.partitions.end());
  }
  gathered->Owe();
  const core::TransactionError error = call.cluster.transactions().AddPartitions(
      ClaimOf(transaction), partitions, [gathered, results](const absl::Status& status) {
        SetAll(results(gathered->response),
               status.ok() ? ErrorCode::kNone : ErrorCodeOf(core::TransactionError::kStorage));
        gathered->Pay();
      });
  if (error == core::TransactionError::kNone) return;
  SetAll(topics, ErrorCodeOf(error, call.version, kFencedSince));
  gathered->Pay();
}

void Handle(const Call& call, const Request& request, Reply<Response> reply) {
  const auto gathered = std::make_shared<Gathered<Response>>(std::move(reply));
  if (call.version < kSeveralSince) {
    gathered->response.only = Results(request.only.topics, ErrorCode::kNone);
    AddTo(call, request.only, gathered,
          [](Response& response) -> std::vector<TopicResult>& { return response.only; });
  }
  for (const Transaction& transaction : request.transactions) {
    gathered->response.results_by_transaction.push_back(
        {transaction.transactional_id, Results(transaction.topics, ErrorCode::kNone)});
  }
  for (std::size_t i = 0; i < request.transactions.size(); ++i) {
    AddTo(call, request.transactions[i], gathered,
          [i](Response& response) -> std::vector<TopicResult>& {
            return response.results_by_transaction[i].topic_results;
          });
  }
  gathered->Pay();
}

void Refuse(const Call& call, const Request& request, ErrorCode error, Reply<Response> reply) {
  Response response;
  response.error_code = error;
  if (call.version < kSeveralSince) response.only = Results(request.only.topics, error);
  for (const Transaction& transaction : request.transactions) {
    response.results_by_transaction.push_back(
        {transaction.transactional_id, Results(transaction.topics, error)});
  }
  reply.Send(response);
}

}  // namespace

extern constexpr ApiRow api_24_add_partitions_to_txn =
    MakeRow<Request, Response, Handle, Refuse>({.key = 24,
                                        .name = "AddPartitionsToTxn",
                                        .min_version = 0,
                                        .max_version = 5,
                                        .flexible_since = 3});

}  // namespace wherry::kafka
