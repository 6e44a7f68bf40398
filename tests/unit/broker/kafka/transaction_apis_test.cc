// The APIs of transactions, by their rows: JSON in, JSON out, no socket.
#include <gmock/gmock.h>

#include "protocol/kafka/control_batch.h"
#include "protocol/kafka/record_batch.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

constexpr std::int16_t kTransactionApis[] = {22, 24, 25, 26, 27, 28, 61, 65, 66};

// Error codes, as the rows answer them.
constexpr int kUnknownPartition = 3;
constexpr int kUnknownMember = 25;
constexpr int kInvalidEpoch = 47;
constexpr int kInvalidState = 48;
constexpr int kInvalidMapping = 49;
constexpr int kInvalidTimeout = 50;
constexpr int kConcurrent = 51;
constexpr int kNoAccess = 53;
constexpr int kNotAttempted = 55;
constexpr int kUnstable = 88;
constexpr int kFenced = 90;
constexpr int kNoSuchId = 105;
constexpr int kAbortable = 120;

struct Identity {
  std::int64_t id = -1;
  int epoch = -1;
};

class TransactionApisTest : public ClusterFixture {
 protected:
  TransactionApisTest() {
    On([this] {
      EXPECT_TRUE(cluster_->topics().Create("t", 2, {}, [](const absl::Status&) {}).ok());
    });
  }

  static std::string Who(Identity producer) {
    return R"("TransactionalId": "x", "ProducerId": )" + std::to_string(producer.id) +
           R"(, "ProducerEpoch": )" + std::to_string(producer.epoch);
  }
  static int ErrorOf(const json::value& answer) {
    return static_cast<int>(answer.at("ErrorCode").as_int64());
  }
  Identity Init(std::int16_t version = 4) {
    json::value answer;
    do {
      answer = Ask(22, version, R"({"TransactionalId": "x", "TransactionTimeoutMs": 60000})");
    } while (ErrorOf(answer) == kConcurrent);
    EXPECT_EQ(ErrorOf(answer), 0);
    return {answer.at("ProducerId").as_int64(),
            static_cast<int>(answer.at("ProducerEpoch").as_int64())};
  }
  json::value AddPartitions(Identity producer, const std::string& topics,
                            std::int16_t version = 0) {
    return Ask(24, version,
               R"({"V3AndBelowTransactionalId": "x", "V3AndBelowProducerId": )" +
                   std::to_string(producer.id) + R"(, "V3AndBelowProducerEpoch": )" +
                   std::to_string(producer.epoch) + R"(, "V3AndBelowTopics": )" + topics + "}")
        .at("ResultsByTopicV3AndBelow");
  }
  int Add(Identity producer, std::int16_t version = 0) {
    return static_cast<int>(
        AddPartitions(producer, R"([{"Name": "t", "Partitions": [0]}])", version)
            .at(0)
            .at("ResultsByPartition")
            .at(0)
            .at("PartitionErrorCode")
            .as_int64());
  }
  int End(Identity producer, bool commit, std::int16_t version = 3) {
    return ErrorOf(Ask(26, version,
                       "{" + Who(producer) + R"(, "Committed": )" + (commit ? "true" : "false") +
                           "}"));
  }
  // Produces one record to partition 0 of "t"; its error.
  int Produce(Identity producer, std::int32_t sequence, bool transactional = true,
              std::int16_t version = 9, const std::string& id = "\"x\"") {
    BatchBuilder builder;
    builder.SetProducer(producer.id, static_cast<std::int16_t>(producer.epoch), sequence);
    if (transactional) builder.SetTransactional();
    builder.Add(1000, "k", "v" + std::to_string(sequence));
    std::string hex;
    for (const unsigned char byte : builder.Build()) {
      constexpr char kDigits[] = "0123456789abcdef";
      hex.push_back(kDigits[byte >> 4]);
      hex.push_back(kDigits[byte & 15]);
    }
    const json::value answer =
        Ask(0, version,
            R"({"TransactionalId": )" + id +
                R"(, "Acks": -1, "TopicData": [{"Name": "t", "PartitionData": [
                {"Index": 0, "Records": ")" + hex + R"("}]}]})");
    return ErrorOf(answer.at("Responses").at(0).at("PartitionResponses").at(0));
  }
  // What a fetch of partition 0 from `offset` on says.
  json::value Fetch(int isolation, std::int64_t offset = 0) {
    return Ask(1, 11,
               R"({"MaxBytes": 1000000, "IsolationLevel": )" + std::to_string(isolation) +
                   R"(, "Topics": [{"Topic": "t", "Partitions": [
                       {"Partition": 0, "FetchOffset": )" +
                   std::to_string(offset) + R"(, "PartitionMaxBytes": 1000000}]}]})")
        .at("Responses")
        .at(0)
        .at("Partitions")
        .at(0);
  }
  std::int64_t Latest(int isolation) {
    return Ask(2, 5,
               R"({"IsolationLevel": )" + std::to_string(isolation) +
                   R"(, "Topics": [{"Name": "t", "Partitions": [
                      {"PartitionIndex": 0, "Timestamp": -1}]}]})")
        .at("Topics")
        .at(0)
        .at("Partitions")
        .at(0)
        .at("Offset")
        .as_int64();
  }
  json::value OffsetFetch(bool stable) {
    return Ask(9, 7,
               R"({"GroupId": "g", "RequireStable": )" + std::string(stable ? "true" : "false") +
                   R"(, "Topics": [{"Name": "t", "PartitionIndexes": [0]}]})")
        .at("Topics")
        .at(0)
        .at("Partitions")
        .at(0);
  }
  int CommitOffset(Identity producer, std::int64_t offset, std::int16_t version = 3,
                   const std::string& member = "") {
    return ErrorOf(Ask(28, version,
                       "{" + Who(producer) + R"(, "GroupId": "g")" + member +
                           R"(, "Topics": [{"Name": "t", "Partitions": [
                             {"PartitionIndex": 0, "CommittedOffset": )" +
                           std::to_string(offset) + "}]}]}")
                       .at("Topics")
                       .at(0)
                       .at("Partitions")
                       .at(0));
  }
  int AddOffsets(Identity producer, std::int16_t version = 3) {
    return ErrorOf(Ask(25, version, "{" + Who(producer) + R"(, "GroupId": "g"})"));
  }
};

TEST_F(TransactionApisTest, RandomMessagesOfEveryVersionReadBack) {
  wire::RandomFiller::Random random(1);
  for (const std::int16_t key : kTransactionApis) {
    const ApiRow& row = *FindApi(key);
    for (std::int16_t version = row.min_version; version <= row.max_version; ++version) {
      const bool flexible = row.IsFlexible(version);
      for (const Schema* schema : {&row.request, &row.response}) {
        const std::string bytes = schema->random(random, version, flexible);
        const auto value = schema->decode(bytes, version, flexible);
        ASSERT_TRUE(value.ok()) << row.name << " " << version;
        EXPECT_EQ(schema->encode(*value, version, flexible).value(), bytes)
            << row.name << " " << version;
      }
    }
  }
}

TEST_F(TransactionApisTest, ReadersOfCommittedWaitForTheEnd) {
  const Identity producer = Init();
  EXPECT_EQ(Add(producer), 0);
  EXPECT_EQ(Produce(producer, 0), 0);
  EXPECT_EQ(Latest(0), 1);
  EXPECT_EQ(Latest(1), 0);
  const json::value open = Fetch(1);
  EXPECT_EQ(open.at("LastStableOffset").as_int64(), 0);
  EXPECT_EQ(open.at("HighWatermark").as_int64(), 1);
  EXPECT_EQ(open.at("Records").as_string(), "");
  EXPECT_NE(Fetch(0).at("Records").as_string(), "");
  EXPECT_TRUE(Fetch(0).at("AbortedTransactions").is_null());
  EXPECT_EQ(End(producer, true), 0);
  EXPECT_EQ(Latest(1), 2);
  const json::value committed = Fetch(1);
  EXPECT_NE(committed.at("Records").as_string(), "");
  EXPECT_TRUE(committed.at("AbortedTransactions").as_array().empty());
}

TEST_F(TransactionApisTest, ReadersOfCommittedAreToldWhatWasAborted) {
  const Identity producer = Init();
  Add(producer);
  Produce(producer, 0);
  EXPECT_EQ(End(producer, false), 0);
  const json::value aborted = Fetch(1).at("AbortedTransactions");
  ASSERT_EQ(aborted.as_array().size(), 1u);
  EXPECT_EQ(aborted.at(0).at("ProducerId").as_int64(), producer.id);
  EXPECT_EQ(aborted.at(0).at("FirstOffset").as_int64(), 0);
  EXPECT_TRUE(Fetch(1, 2).at("AbortedTransactions").as_array().empty());
  // The marker, as a client reads it.
  std::optional<EndTxnMarker> marker;
  On([&] {
    const auto read = cluster_->topics().Find("t")->partition(0)->ReadNow(1, 1000).value();
    marker = ParseEndTxnMarker(*read->at(0).bytes);
  });
  ASSERT_TRUE(marker.has_value());
  EXPECT_FALSE(marker->commit);
  EXPECT_EQ(marker->producer_id, producer.id);
  EXPECT_EQ(marker->producer_epoch, producer.epoch);
}

TEST_F(TransactionApisTest, WhatProduceRefuses) {
  const Identity producer = Init();
  EXPECT_EQ(Produce(producer, 0, true, 9), kInvalidState) << "the partition was not added";
  EXPECT_EQ(Produce(producer, 0, true, 11), kAbortable);
  EXPECT_EQ(Produce(producer, 0, true, 9, "null"), kNoAccess);
  Add(producer);
  EXPECT_EQ(Produce({producer.id, producer.epoch + 1}, 0), kInvalidEpoch);
  EXPECT_EQ(Produce({producer.id + 1, 0}, 0), kInvalidMapping);
  EXPECT_EQ(Produce(producer, 0), 0);
  EXPECT_EQ(Produce(producer, 1, /*transactional=*/false), kInvalidState);
  EXPECT_EQ(Produce(producer, 1), 0);
  EXPECT_EQ(End(producer, true), 0);
  EXPECT_EQ(Produce(producer, 2, /*transactional=*/false), 0);
}

TEST_F(TransactionApisTest, ANewProduceAddsItsPartition) {
  const Identity producer = Init();
  EXPECT_EQ(Produce(producer, 3, true, 12), 45) << "a producer of nothing begins at 0";
  EXPECT_EQ(Produce(producer, 0, true, 12), 0);
  EXPECT_THAT(AskText(65, 0, R"({"TransactionalIds": ["x"]})"),
              HasSubstr(R"("TransactionState":"Ongoing")"));
  const json::value ended = Ask(26, 5, "{" + Who(producer) + R"(, "Committed": true})");
  EXPECT_EQ(ErrorOf(ended), 0);
  EXPECT_EQ(ended.at("ProducerId").as_int64(), producer.id);
  EXPECT_EQ(ended.at("ProducerEpoch").as_int64(), producer.epoch + 1);
  EXPECT_EQ(Produce(producer, 1, true, 12), kInvalidEpoch) << "it comes late";
  EXPECT_EQ(Produce({producer.id, producer.epoch + 1}, 0, true, 12), 0);
  EXPECT_EQ(Latest(1), 2);
}

TEST_F(TransactionApisTest, WhoIsFencedHearsItInItsVersionsWords) {
  const Identity old = Init();
  Add(old);
  const Identity present = Init();
  EXPECT_GT(present.epoch, old.epoch);
  EXPECT_EQ(Add(old, 1), kInvalidEpoch);
  EXPECT_EQ(Add(old, 2), kFenced);
  EXPECT_EQ(AddOffsets(old, 1), kInvalidEpoch);
  EXPECT_EQ(AddOffsets(old, 2), kFenced);
  EXPECT_EQ(End(old, true, 1), kInvalidEpoch);
  EXPECT_EQ(End(old, true, 2), kFenced);
  EXPECT_EQ(CommitOffset(old, 1), kInvalidEpoch);
  const std::string again = R"({"TransactionalId": "x", "TransactionTimeoutMs": 1000,
      "ProducerId": )" + std::to_string(old.id) + R"(, "ProducerEpoch": )" +
                            std::to_string(old.epoch) + "}";
  EXPECT_EQ(ErrorOf(Ask(22, 3, again)), kInvalidEpoch);
  EXPECT_EQ(ErrorOf(Ask(22, 4, again)), kFenced);
}

TEST_F(TransactionApisTest, WhatInitProducerIdRefuses) {
  EXPECT_EQ(ErrorOf(Ask(22, 4, R"({"TransactionalId": "", "TransactionTimeoutMs": 1000})")), 42);
  EXPECT_EQ(ErrorOf(Ask(22, 4, R"({"TransactionalId": "x", "TransactionTimeoutMs": 900001})")),
            kInvalidTimeout);
  EXPECT_EQ(ErrorOf(Ask(22, 4, R"({"TransactionalId": "x", "TransactionTimeoutMs": 1000,
                                   "ProducerId": 5})")),
            42);
  EXPECT_EQ(ErrorOf(Ask(22, 4, R"({"TransactionalId": null, "TransactionTimeoutMs": 0})")), 0);
}

TEST_F(TransactionApisTest, PartitionsAreAddedAllOrNone) {
  const Identity producer = Init();
  const json::value results = AddPartitions(
      producer, R"([{"Name": "t", "Partitions": [0, 7]}, {"Name": "none", "Partitions": [0]}])");
  const auto error = [&](std::size_t topic, std::size_t partition) {
    return results.at(topic).at("ResultsByPartition").at(partition).at("PartitionErrorCode")
        .as_int64();
  };
  EXPECT_EQ(error(0, 0), kNotAttempted);
  EXPECT_EQ(error(0, 1), kUnknownPartition);
  EXPECT_EQ(error(1, 0), kUnknownPartition);
  EXPECT_EQ(Produce(producer, 0), kInvalidState);
  EXPECT_EQ(Add({producer.id + 5, 0}), kInvalidMapping);
}

TEST_F(TransactionApisTest, BrokersAddAndVerifySeveral) {
  const Identity producer = Init();
  const auto ask = [&](bool verify, std::int16_t version) {
    return Ask(24, version,
               R"({"Transactions": [{)" + Who(producer) + R"(, "VerifyOnly": )" +
                   (verify ? "true" : "false") +
                   R"(, "Topics": [{"Name": "t", "Partitions": [1]}]}]})")
        .at("ResultsByTransaction")
        .at(0)
        .at("TopicResults")
        .at(0)
        .at("ResultsByPartition")
        .at(0)
        .at("PartitionErrorCode")
        .as_int64();
  };
  EXPECT_EQ(ask(true, 4), kInvalidState);
  EXPECT_EQ(ask(true, 5), kAbortable);
  EXPECT_EQ(ask(false, 5), 0);
  EXPECT_EQ(ask(true, 5), 0);
}

TEST_F(TransactionApisTest, OffsetsMoveWithTheTransaction) {
  const Identity producer = Init();
  EXPECT_EQ(CommitOffset(producer, 5, 3), kInvalidState) << "the group was not added";
  EXPECT_EQ(CommitOffset(producer, 5, 4), kAbortable);
  EXPECT_EQ(AddOffsets(producer), 0);
  EXPECT_EQ(CommitOffset(producer, 5), 0);
  EXPECT_EQ(OffsetFetch(false).at("CommittedOffset").as_int64(), -1);
  EXPECT_EQ(ErrorOf(OffsetFetch(false)), 0);
  EXPECT_EQ(ErrorOf(OffsetFetch(true)), kUnstable);
  EXPECT_EQ(End(producer, true), 0);
  EXPECT_EQ(OffsetFetch(true).at("CommittedOffset").as_int64(), 5);
  EXPECT_EQ(CommitOffset(producer, 9, 5), 0) << "version 5 adds the group";
  EXPECT_EQ(End(producer, false), 0);
  EXPECT_EQ(OffsetFetch(true).at("CommittedOffset").as_int64(), 5);
}

TEST_F(TransactionApisTest, ADeletedTopicsTransactionEndsWithoutIt) {
  const Identity producer = Init();
  Add(producer);
  Produce(producer, 0);
  AddOffsets(producer);
  CommitOffset(producer, 5);
  Ask(20, 1, R"({"TopicNames": ["t"], "TimeoutMs": 1000})");
  EXPECT_EQ(End(producer, true), 0);
  EXPECT_EQ(OffsetFetch(true).at("CommittedOffset").as_int64(), -1);
}

TEST_F(TransactionApisTest, ADeletedGroupDoesNotComeBack) {
  const Identity producer = Init();
  Ask(8, 6, R"({"GroupId": "g", "Topics": [
      {"Name": "t", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 7}]}]})");
  AddOffsets(producer);
  CommitOffset(producer, 5);
  EXPECT_THAT(AskText(42, 1, R"({"GroupsNames": ["g"]})"), HasSubstr(R"("ErrorCode":0)"));
  EXPECT_EQ(End(producer, true), 0);
  EXPECT_EQ(OffsetFetch(true).at("CommittedOffset").as_int64(), -1);
}

TEST_F(TransactionApisTest, GroupMembersAreFencedByTheirGeneration) {
  const json::value joined = Ask(11, 3, R"({"GroupId": "g", "SessionTimeoutMs": 10000,
      "RebalanceTimeoutMs": 10000, "ProtocolType": "consumer",
      "Protocols": [{"Name": "range", "Metadata": ""}]})");
  const std::string member(joined.at("MemberId").as_string());
  const auto as = [&](int generation, const std::string& id) {
    return R"(, "GenerationIdOrMemberEpoch": )" + std::to_string(generation) +
           R"(, "MemberId": ")" + id + "\"";
  };
  const Identity producer = Init();
  AddOffsets(producer);
  EXPECT_EQ(CommitOffset(producer, 5, 3, as(1, member)), 0) << "the leader has not synced yet";
  EXPECT_EQ(CommitOffset(producer, 5, 3, as(2, member)), 22);
  EXPECT_EQ(CommitOffset(producer, 5, 3, as(1, "nobody")), kUnknownMember);
  EXPECT_EQ(CommitOffset(producer, 6, 2), 0) << "of before KIP-447";
}

TEST_F(TransactionApisTest, AnAdministratorSeesAndEndsThem) {
  const Identity producer = Init();
  Add(producer);
  Produce(producer, 0);
  const std::string described =
      AskText(65, 0, R"({"TransactionalIds": ["x", "none"]})");
  EXPECT_THAT(described, HasSubstr(R"("TransactionTimeoutMs":60000)"));
  EXPECT_THAT(described, HasSubstr(R"("Topics":[{"Topic":"t","Partitions":[0]}])"));
  EXPECT_THAT(described, HasSubstr(R"("ErrorCode":)" + std::to_string(kNoSuchId)));
  const json::value writer =
      Ask(61, 0, R"({"Topics": [{"Name": "t", "PartitionIndexes": [0]}]})")
          .at("Topics").at(0).at("Partitions").at(0).at("ActiveProducers").at(0);
  EXPECT_EQ(writer.at("ProducerId").as_int64(), producer.id);
  EXPECT_EQ(writer.at("CurrentTxnStartOffset").as_int64(), 0);
  EXPECT_EQ(writer.at("LastSequence").as_int64(), 0);
  const auto mark = [&](int epoch, int version, const std::string& more) {
    return static_cast<int>(
        Ask(27, static_cast<std::int16_t>(version),
            R"({"Markers": [{"ProducerId": )" + std::to_string(producer.id) +
                R"(, "ProducerEpoch": )" + std::to_string(epoch) +
                R"(, "TransactionResult": false, "CoordinatorEpoch": 0)" + more +
                R"(, "Topics": [{"Name": "t", "PartitionIndexes": [0]}]}]})")
            .at("Markers").at(0).at("Topics").at(0).at("Partitions").at(0).at("ErrorCode")
            .as_int64());
  };
  EXPECT_EQ(mark(-1, 1, ""), kInvalidEpoch);
  EXPECT_EQ(mark(producer.epoch, 2, R"(, "TransactionVersion": 2)"), kInvalidEpoch);
  EXPECT_EQ(mark(producer.epoch, 1, ""), 0);
  EXPECT_EQ(Latest(1), 2);
  EXPECT_EQ(End(producer, true), 0) << "its coordinator does not know";
  EXPECT_EQ(Fetch(1).at("AbortedTransactions").as_array().size(), 1u);
}

TEST_F(TransactionApisTest, TheyAreListed) {
  const Identity producer = Init();
  Add(producer);
  const auto list = [this](std::int16_t version, const std::string& filters) {
    return AskText(66, version, filters);
  };
  const std::string listed = R"("TransactionalId":"x")";
  const std::string none = R"("TransactionStates":[])";
  EXPECT_THAT(list(0, "{}"), HasSubstr(listed));
  EXPECT_THAT(list(0, R"({"StateFilters": ["Ongoing"]})"), HasSubstr(listed));
  EXPECT_THAT(list(0, R"({"StateFilters": ["Empty", "Nonsense"]})"), HasSubstr(none));
  EXPECT_THAT(list(0, R"({"StateFilters": ["Empty", "Nonsense"]})"),
              HasSubstr(R"("UnknownStateFilters":["Nonsense"])"));
  EXPECT_THAT(list(0, R"({"ProducerIdFilters": [)" + std::to_string(producer.id) + "]}"),
              HasSubstr(listed));
  EXPECT_THAT(list(0, R"({"ProducerIdFilters": [4711]})"), HasSubstr(none));
  EXPECT_THAT(list(1, R"({"DurationFilter": 3600000})"), HasSubstr(none));
  EXPECT_THAT(list(2, R"({"TransactionalIdPattern": "x|y"})"), HasSubstr(listed));
  EXPECT_THAT(list(2, R"({"TransactionalIdPattern": "z.*"})"), HasSubstr(none));
  EXPECT_THAT(list(2, R"({"TransactionalIdPattern": "("})"), HasSubstr(R"("ErrorCode":128)"));
}

}  // namespace
}  // namespace wherry::kafka
