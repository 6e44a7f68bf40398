#include "tests/crash/history.h"

#include <algorithm>
#include <iostream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "protocol/kafka/record_batch.h"
#include "protocol/wire/json.h"

namespace wherry::crash {

namespace {

constexpr int kPartitions = 3;
constexpr char kTopic[] = "history";
constexpr char kGroup[] = "readers";

// API keys and the versions that are spoken: classic ones, whose fields are few.
constexpr std::int16_t kProduce = 0, kProduceVersion = 7;
constexpr std::int16_t kCreateTopics = 19, kCreateTopicsVersion = 2;
constexpr std::int16_t kOffsetCommit = 8, kOffsetCommitVersion = 2;
constexpr std::int16_t kOffsetFetch = 9, kOffsetFetchVersion = 1;
constexpr std::int16_t kInitProducerId = 22, kInitProducerIdVersion = 1;
constexpr std::int16_t kAddPartitions = 24, kAddPartitionsVersion = 1;
constexpr std::int16_t kEndTxn = 26, kEndTxnVersion = 1;

constexpr std::size_t kTraceLines = 30;
constexpr std::int64_t kTimestamp = 1'700'000'000'000;
constexpr int kConcurrentTransactions = 51;

boost::json::array Partitions(boost::json::object partition, const char* list) {
  return {{{"Topic", kTopic}, {"Name", kTopic}, {list, boost::json::array{std::move(partition)}}}};
}

int ErrorIn(const boost::json::value& json, const char* field) {
  return json.at(field).to_number<int>();
}

}  // namespace

History::History(Crashable& server, std::uint32_t seed)
    : server_(server), random_(seed), caller_(server.address()), written_(kPartitions) {
  const auto created = caller_.Call(kCreateTopics, kCreateTopicsVersion,
                                    {{"Topics",
                                      {{{"Name", kTopic},
                                        {"NumPartitions", kPartitions},
                                        {"ReplicationFactor", 1},
                                        {"Assignments", boost::json::array()},
                                        {"Configs", boost::json::array()}}}},
                                     {"TimeoutMs", 1000},
                                     {"ValidateOnly", false}});
  EXPECT_TRUE(created.has_value() && ErrorIn(created->at("Topics").at(0), "ErrorCode") == 0);
  producers_.resize(4);
  producers_[2].transactional_id = "payments";
  producers_[3].transactional_id = "refunds";
}

void History::Run(int steps) {
  for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) Step();
  Check();
  if (!testing::Test::HasFailure()) return;
  for (const std::string& line : trace_) std::cerr << "  " << line << "\n";
}

void History::Note(std::string what) {
  trace_.push_back(std::move(what));
  if (trace_.size() > kTraceLines) trace_.pop_front();
}

void History::Step() {
  const int dice = Below(100);
  Producer& producer = producers_[static_cast<std::size_t>(Below(4))];
  if (dice < 60) {
    Produce(producer);
  } else if (dice < 75) {
    if (producer.transaction >= 0) EndTransaction(producer);
  } else if (dice < 90) {
    CommitOffset();
  } else if (dice < 93) {
    producer.id = -1;  // a client that is started anew
  } else if (dice < 97) {
    Check();
  } else {
    Crash();
    caller_.Disconnect();
  }
}

// The answer to what was sent, which a crash may have overtaken.
std::optional<boost::json::value> History::AnswerTo(bool crash) {
  if (crash) Crash();
  auto answer = caller_.Await();
  if (crash) caller_.Disconnect();
  return answer;
}

void History::Initialize(Producer& producer) {
  boost::json::object body{{"TransactionTimeoutMs", 60'000}, {"TransactionalId", nullptr}};
  if (!producer.transactional_id.empty()) body["TransactionalId"] = producer.transactional_id;
  std::optional<boost::json::value> answer;
  do {
    answer = caller_.Call(kInitProducerId, kInitProducerIdVersion, body);
    ASSERT_TRUE(answer.has_value());
  } while (ErrorIn(*answer, "ErrorCode") == kConcurrentTransactions);
  ASSERT_EQ(ErrorIn(*answer, "ErrorCode"), 0);
  producer.id = answer->at("ProducerId").to_number<std::int64_t>();
  producer.epoch = answer->at("ProducerEpoch").to_number<std::int16_t>();
  producer.next_sequence.clear();
  Note("producer '" + producer.transactional_id + "' is " + std::to_string(producer.id) +
       " epoch " + std::to_string(producer.epoch));
  // Whatever the one before it had left open has been aborted, or its end was under way.
  if (producer.transaction >= 0) {
    End& end = ends_[static_cast<std::size_t>(producer.transaction)];
    if (end == End::kOpen) end = End::kAborted;
  }
  producer.transaction = -1;
}

bool History::Begin(Producer& producer, int partition) {
  if (producer.transaction < 0) {
    producer.transaction = static_cast<int>(ends_.size());
    producer.in_transaction.clear();
    ends_.push_back(End::kOpen);
    ++transactions_;
  }
  if (std::count(producer.in_transaction.begin(), producer.in_transaction.end(), partition) > 0) {
    return true;
  }
  std::optional<boost::json::value> answer;
  int error = 0;
  do {
    answer = caller_.Call(
        kAddPartitions, kAddPartitionsVersion,
        {{"V3AndBelowTransactionalId", producer.transactional_id},
         {"V3AndBelowProducerId", producer.id},
         {"V3AndBelowProducerEpoch", producer.epoch},
         {"V3AndBelowTopics",
          {{{"Name", kTopic}, {"Partitions", boost::json::array{partition}}}}}});
    EXPECT_TRUE(answer.has_value());
    if (!answer.has_value()) return false;
    error = ErrorIn(answer->at("ResultsByTopicV3AndBelow")
                        .at(0)
                        .at("ResultsByPartition")
                        .at(0),
                    "PartitionErrorCode");
  } while (error == kConcurrentTransactions);
  EXPECT_EQ(error, 0);
  Note("producer " + std::to_string(producer.id) + " adds partition " + std::to_string(partition) +
       " to transaction " + std::to_string(producer.transaction));
  if (error == 0) producer.in_transaction.push_back(partition);
  return error == 0;
}

void History::Produce(Producer& producer) {
  if (producer.id < 0) Initialize(producer);
  if (testing::Test::HasFatalFailure()) return;
  const int partition = Below(kPartitions);
  if (!producer.transactional_id.empty() && !Begin(producer, partition)) return;
  std::vector<std::string> values;
  for (int i = Below(3); i >= 0; --i) values.push_back("v" + std::to_string(values_++));
  for (const std::string& value : values) {
    written_[static_cast<std::size_t>(partition)][value].transaction = producer.transaction;
  }
  const bool crash = Below(20) == 0;
  if (!SendBatch(producer, partition, values, crash)) {
    if (producer.transactional_id.empty() && Below(2) == 0) {
      // As a client does that has lost its connection: the same batch again.
      SendBatch(producer, partition, values, false);
      return;
    }
    producer.id = -1;
  } else if (producer.id >= 0 && Below(5) == 0) {
    // An answer that came, to a client that missed it.
    const std::int32_t next = producer.next_sequence[partition];
    producer.next_sequence[partition] = next - static_cast<std::int32_t>(values.size());
    EXPECT_TRUE(SendBatch(producer, partition, values, false));
  }
}

// False: it was never answered.
bool History::SendBatch(Producer& producer, int partition, const std::vector<std::string>& values,
                        bool crash_before_answer) {
  std::int32_t& sequence = producer.next_sequence[partition];
  kafka::BatchBuilder builder;
  builder.SetProducer(producer.id, producer.epoch, sequence);
  if (!producer.transactional_id.empty()) builder.SetTransactional();
  for (const std::string& value : values) builder.Add(kTimestamp, std::nullopt, value);
  boost::json::object body{{"Acks", -1}, {"TimeoutMs", 1000}, {"TransactionalId", nullptr}};
  if (!producer.transactional_id.empty()) body["TransactionalId"] = producer.transactional_id;
  body["TopicData"] = Partitions({{"Index", partition}, {"Records", wire::ToHex(builder.Build())}},
                                 "PartitionData");
  Note("producer " + std::to_string(producer.id) + " writes " + values.front() + " with sequence " +
       std::to_string(sequence) + " to partition " + std::to_string(partition) +
       (crash_before_answer ? ", and a crash comes" : ""));
  if (!caller_.Send(kProduce, kProduceVersion, body)) return false;
  const auto answer = AnswerTo(crash_before_answer);
  if (!answer.has_value()) return false;
  const boost::json::value& part =
      answer->at("Responses").at(0).at("PartitionResponses").at(0);
  EXPECT_EQ(ErrorIn(part, "ErrorCode"), 0)
      << "of batch " << values.front() << ": " << boost::json::serialize(part);
  if (ErrorIn(part, "ErrorCode") != 0) return true;
  std::int64_t offset = part.at("BaseOffset").to_number<std::int64_t>();
  for (const std::string& value : values) {
    Written& record = written_[static_cast<std::size_t>(partition)][value];
    EXPECT_TRUE(record.offset < 0 || record.offset == offset) << value << " was written twice";
    if (record.fate != Fate::kAcknowledged) ++acknowledged_;
    record.fate = Fate::kAcknowledged;
    record.offset = offset++;
  }
  sequence += static_cast<std::int32_t>(values.size());
  return true;
}

void History::EndTransaction(Producer& producer) {
  if (producer.id < 0) return;
  const bool commit = Below(3) != 0;
  const bool crash = Below(6) == 0;
  End& end = ends_[static_cast<std::size_t>(producer.transaction)];
  Note("producer " + std::to_string(producer.id) + (commit ? " commits" : " aborts") +
       (crash ? ", and a crash comes" : ""));
  producer.transaction = -1;
  end = commit ? End::kUnknownCommit : End::kUnknownAbort;
  if (!caller_.Send(kEndTxn, kEndTxnVersion,
                    {{"TransactionalId", producer.transactional_id},
                     {"ProducerId", producer.id},
                     {"ProducerEpoch", producer.epoch},
                     {"Committed", commit}})) {
    producer.id = -1;
    return;
  }
  const auto answer = AnswerTo(crash);
  if (!answer.has_value()) {
    producer.id = -1;
    return;
  }
  ASSERT_EQ(ErrorIn(*answer, "ErrorCode"), 0);
  ends_[static_cast<std::size_t>(&end - ends_.data())] = commit ? End::kCommitted : End::kAborted;
}

void History::CommitOffset() {
  const int partition = Below(kPartitions);
  auto& [acknowledged, sent] = offsets_[partition];
  sent = std::max(sent, acknowledged) + Below(3);
  const bool crash = Below(10) == 0;
  boost::json::object part{{"PartitionIndex", partition},
                           {"CommittedOffset", sent},
                           {"CommittedMetadata", ""}};
  if (!caller_.Send(kOffsetCommit, kOffsetCommitVersion,
                    {{"GroupId", kGroup},
                     {"GenerationIdOrMemberEpoch", -1},
                     {"MemberId", ""},
                     {"RetentionTimeMs", -1},
                     {"Topics", Partitions(std::move(part), "Partitions")}})) {
    return;
  }
  const auto answer = AnswerTo(crash);
  if (!answer.has_value()) return;
  ASSERT_EQ(ErrorIn(answer->at("Topics").at(0).at("Partitions").at(0), "ErrorCode"), 0);
  acknowledged = sent;
}

void History::Crash() {
  ++crashes_;
  Note("crash");
  server_.Crash();
  for (Producer& producer : producers_) {
    // A producer that lives on sends what was not answered once more, or is started anew; here the
    // one with transactions is, for its transaction's state is what is looked at.
    if (!producer.transactional_id.empty() && Below(2) == 0) producer.id = -1;
  }
}

std::vector<FetchedLog::Entry> History::Fetch(int partition, bool committed_only) {
  FetchedLog log = FetchedLog::Fetch(caller_, kTopic, partition, committed_only);
  EXPECT_EQ(log.error, 0);
  return std::move(log.entries);
}

void History::Check() {
  for (int partition = 0; partition < kPartitions; ++partition) {
    CheckPartition(partition);
    CheckCommittedReads(partition);
  }
  CheckOffsets();
}

void History::CheckPartition(int partition) {
  std::map<std::string, std::int64_t> found;
  for (const auto& [offset, value] : Fetch(partition, false)) {
    EXPECT_TRUE(found.emplace(value, offset).second) << value << " is there twice";
  }
  for (const auto& [value, record] : written_[static_cast<std::size_t>(partition)]) {
    if (record.fate != Fate::kAcknowledged) continue;
    const auto there = found.find(value);
    EXPECT_NE(there, found.end()) << "acknowledged and lost: " << value;
    if (there == found.end()) continue;
    EXPECT_EQ(there->second, record.offset) << value;
  }
  for (const auto& [value, offset] : found) {
    EXPECT_TRUE(written_[static_cast<std::size_t>(partition)].contains(value))
        << value << " was never written to partition " << partition;
  }
}

void History::CheckCommittedReads(int partition) {
  std::map<std::string, std::int64_t> found;
  std::int64_t last = -1;
  for (const auto& [offset, value] : Fetch(partition, true)) {
    EXPECT_GT(offset, last);
    last = offset;
    found[value] = offset;
  }
  for (const auto& [value, record] : written_[static_cast<std::size_t>(partition)]) {
    const bool is_read = found.contains(value);
    if (record.transaction < 0) continue;
    switch (ends_[static_cast<std::size_t>(record.transaction)]) {
      case End::kOpen:
      case End::kAborted:
      case End::kUnknownAbort:
        EXPECT_FALSE(is_read) << value << " of a transaction that is not committed is read";
        break;
      case End::kCommitted:
        // Behind one that is still open, nothing is stable.
        if (record.fate == Fate::kAcknowledged && record.offset <= last) {
          EXPECT_TRUE(is_read) << value << " is committed and not read";
        }
        break;
      case End::kUnknownCommit:
        break;
    }
  }
}

void History::CheckOffsets() {
  for (auto& [partition, offset] : offsets_) {
    const auto answer =
        caller_.Call(kOffsetFetch, kOffsetFetchVersion,
                     {{"GroupId", kGroup},
                      {"Topics", {{{"Name", kTopic},
                                   {"PartitionIndexes", boost::json::array{partition}}}}}});
    ASSERT_TRUE(answer.has_value());
    const auto kept = answer->at("Topics")
                          .at(0)
                          .at("Partitions")
                          .at(0)
                          .at("CommittedOffset")
                          .to_number<std::int64_t>();
    auto& [acknowledged, sent] = offset;
    EXPECT_GE(std::max<std::int64_t>(kept, 0), acknowledged) << "partition " << partition;
    EXPECT_LE(kept, sent) << "partition " << partition;
    // What was kept once may not go back from now on.
    acknowledged = std::max(acknowledged, kept);
  }
}

}  // namespace wherry::crash
