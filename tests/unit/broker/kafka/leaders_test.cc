// Leaders that move, as clients of a cluster of three nodes see them.
#include "broker/kafka/leaders.h"

#include <gmock/gmock.h>

#include "protocol/wire/json.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class LeadersTest : public ClusterFixture {
 protected:
  LeadersTest() : ClusterFixture({.nodes = 3}) {
    Create("t", 3, 3);
    Create("alone", 3, 1);
  }

  void Create(const std::string& name, std::int32_t partitions, std::int16_t factor) {
    On([&] {
      ASSERT_TRUE(cluster_->topics()
                      .Create(name, partitions, {}, [](const absl::Status&) {}, factor)
                      .ok());
    });
  }
  // Works on the leaders, and has it kept.
  template <typename Change>
  void With(Change change) {
    On([&] {
      change(cluster_->leaders());
      cluster_->leaders().Keep([](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
    });
    Settle();
  }
  Topic& topic(std::string_view name) { return *cluster_->topics().Find(name); }
  void Append(std::string_view name, std::int32_t partition) {
    On([&] {
      BatchBuilder builder;
      builder.Add(1, "k", "v");
      core::Partition::AppendRequest append;
      append.bytes = builder.Build();
      append.record_count = 1;
      topic(name).partition(partition)->Append(std::move(append),
                                               [](core::Partition::AppendResult) {});
    });
    Settle();
  }
  // "leader/epoch replicas isr offline error" of each partition, as Metadata tells it.
  std::vector<std::string> Seen(const std::string& name) {
    const boost::json::value answer = Ask(
        3, 12,
        R"({"Topics":[{"TopicId":"00000000000000000000000000000000","Name":")" + name +
            R"("}],"AllowAutoTopicCreation":false,"IncludeTopicAuthorizedOperations":false})");
    std::vector<std::string> seen;
    for (const boost::json::value& one :
         answer.at("Topics").at(0).at("Partitions").as_array()) {
      const auto list = [&](const char* field) {
        return boost::json::serialize(one.at(field));
      };
      seen.push_back(list("LeaderId") + "/" + list("LeaderEpoch") + " " + list("ReplicaNodes") +
                     " " + list("IsrNodes") + " " + list("OfflineReplicas") + " " +
                     list("ErrorCode"));
    }
    return seen;
  }
  // Fields of a Produce of one record to partition 0.
  static std::string ProduceToT() {
    BatchBuilder builder;
    builder.Add(1, "k", "v");
    return R"({"TransactionalId":null,"Acks":-1,"TimeoutMs":1000,"TopicData":[{"Name":"t",
               "PartitionData":[{"Index":0,"Records":")" +
           wire::ToHex(builder.Build()) + R"("}]}]})";
  }
  std::string Elect(int type, const std::string& topic, int partition) {
    return AskText(43, 2,
                   R"({"ElectionType":)" + std::to_string(type) +
                       R"(,"TopicPartitions":[{"Topic":")" + topic + R"(","Partitions":[)" +
                       std::to_string(partition) + R"(]}],"TimeoutMs":1})");
  }
  std::string Reassign(const std::string& topic, int partition, const std::string& replicas) {
    return AskText(45, 0,
                   R"({"TimeoutMs":1,"Topics":[{"Name":")" + topic +
                       R"(","Partitions":[{"PartitionIndex":)" + std::to_string(partition) +
                       R"(,"Replicas":)" + replicas + R"(}]}]})");
  }
};

TEST_F(LeadersTest, ALeaderMovesToAnotherReplicaAndBeginsAnEpoch) {
  With([&](Leaders& leaders) { EXPECT_TRUE(leaders.Move(topic("t"), 0, 3).ok()); });
  EXPECT_EQ(Seen("t")[0], "3/1 [1,2,3] [1,2,3] [] 0");
  EXPECT_EQ(Seen("t")[1], "2/0 [2,3,1] [2,3,1] [] 0");
  // It is there already.
  With([&](Leaders& leaders) { EXPECT_TRUE(leaders.Move(topic("t"), 0, 3).ok()); });
  EXPECT_EQ(Seen("t")[0], "3/1 [1,2,3] [1,2,3] [] 0");
}

TEST_F(LeadersTest, WhereALeaderCannotBeIsSaid) {
  On([this] {
    Leaders& leaders = cluster_->leaders();
    EXPECT_THAT(std::string(leaders.Move(topic("t"), 0, 4).message()),
                HasSubstr("there is no node 4; there are nodes 1 to 3"));
    EXPECT_THAT(std::string(leaders.Move(topic("alone"), 0, 2).message()),
                HasSubstr("node 2 has no replica of partition 0 of topic 'alone'; it lies on 1"));
    leaders.Stop(2);
    EXPECT_EQ(leaders.Move(topic("t"), 0, 2).code(), absl::StatusCode::kFailedPrecondition);
  });
}

TEST_F(LeadersTest, ANodeThatStopsLeadsNothing) {
  With([](Leaders& leaders) { leaders.Stop(2); });
  EXPECT_EQ(Seen("t")[1], "3/1 [2,3,1] [3,1] [2] 0");
  EXPECT_EQ(Seen("t")[0], "1/0 [1,2,3] [1,3] [2] 0");
  EXPECT_EQ(Seen("alone")[1], "-1/1 [2] [2] [2] 5");
  EXPECT_THAT(AskText(60, 2, R"({"IncludeClusterAuthorizedOperations":false,"EndpointType":1,
                                 "IncludeFencedBrokers":true})"),
              HasSubstr(R"("Rack":"rack-2","IsFenced":true)"));
  // What nobody led it leads again, the rest stays where it is until there is an election.
  With([](Leaders& leaders) { leaders.Start(2); });
  EXPECT_EQ(Seen("alone")[1], "2/2 [2] [2] [] 0");
  EXPECT_EQ(Seen("t")[1], "3/1 [2,3,1] [2,3,1] [] 0");
}

TEST_F(LeadersTest, WhatIsCreatedWhileANodeIsDownLiesOnOthers) {
  With([](Leaders& leaders) { leaders.Stop(1); });
  Create("new", 2, 1);
  Create("two", 1, 2);
  EXPECT_EQ(Seen("new")[0], "2/0 [2] [2] [] 0");
  EXPECT_EQ(Seen("new")[1], "2/0 [2] [2] [] 0");
  EXPECT_EQ(Seen("two")[0], "2/0 [2,3] [2,3] [] 0");
}

TEST_F(LeadersTest, AnElectionBringsThePreferredLeaderBack) {
  EXPECT_THAT(Elect(0, "t", 0), HasSubstr(R"("ErrorCode":84)"));  // ELECTION_NOT_NEEDED
  With([](Leaders& leaders) { leaders.Stop(1); });
  EXPECT_THAT(Elect(0, "t", 0), HasSubstr(R"("ErrorCode":80)"));  // PREFERRED_LEADER_NOT_AVAILABLE
  EXPECT_THAT(Elect(1, "t", 0), HasSubstr(R"("ErrorCode":84)"));
  EXPECT_THAT(Elect(1, "alone", 0), HasSubstr(R"("ErrorCode":83)"));  // no eligible ones
  With([](Leaders& leaders) { leaders.Start(1); });
  EXPECT_THAT(Elect(0, "t", 0), HasSubstr(R"("PartitionId":0,"ErrorCode":0)"));
  EXPECT_EQ(Seen("t")[0], "1/2 [1,2,3] [1,2,3] [] 0");
}

TEST_F(LeadersTest, AnElectionOfAllAnswersThoseThatItWasNeededFor) {
  With([&](Leaders& leaders) { EXPECT_TRUE(leaders.Move(topic("t"), 2, 1).ok()); });
  const std::string answer =
      AskText(43, 2, R"({"ElectionType":0,"TopicPartitions":null,"TimeoutMs":1})");
  EXPECT_THAT(answer, HasSubstr(R"([{"PartitionId":2,"ErrorCode":0,"ErrorMessage":null}])"));
  EXPECT_EQ(Seen("t")[2], "3/2 [3,1,2] [3,1,2] [] 0");
}

TEST_F(LeadersTest, AReassignmentIsOverAtOnce) {
  EXPECT_THAT(Reassign("alone", 0, "[3,2]"), HasSubstr(R"("PartitionIndex":0,"ErrorCode":0)"));
  EXPECT_EQ(Seen("alone")[0], "3/1 [3,2] [3,2] [] 0");
  // Its leader stays where it may.
  EXPECT_THAT(Reassign("alone", 0, "[1,3]"), HasSubstr(R"("ErrorCode":0)"));
  EXPECT_EQ(Seen("alone")[0], "3/1 [1,3] [1,3] [] 0");
  EXPECT_THAT(Reassign("alone", 0, "[1,4]"), HasSubstr("no such broker is registered"));
}

TEST_F(LeadersTest, ATopicLiesWhereItsCreatorSays) {
  AskText(19, 5, R"({"Topics":[{"Name":"placed","NumPartitions":-1,"ReplicationFactor":-1,
                     "Assignments":[{"PartitionIndex":0,"BrokerIds":[3,1]},
                                    {"PartitionIndex":1,"BrokerIds":[1,2]}],"Configs":[]}],
                     "TimeoutMs":1000,"ValidateOnly":false})");
  EXPECT_EQ(Seen("placed")[0], "3/0 [3,1] [3,1] [] 0");
  EXPECT_EQ(Seen("placed")[1], "1/0 [1,2] [1,2] [] 0");
  AskText(37, 2, R"({"Topics":[{"Name":"placed","Count":3,"Assignments":[{"BrokerIds":[2,3]}]}],
                     "TimeoutMs":1000,"ValidateOnly":false})");
  EXPECT_EQ(Seen("placed")[2], "2/0 [2,3] [2,3] [] 0");
}

TEST_F(LeadersTest, RecordsAreOfTheEpochTheyWereWrittenIn) {
  Append("t", 0);
  Append("t", 0);
  With([&](Leaders& leaders) {
    EXPECT_TRUE(leaders.Move(topic("t"), 0, 2).ok());
    EXPECT_TRUE(leaders.Move(topic("t"), 0, 1).ok());
  });
  Append("t", 0);
  const auto end_of = [this](int epoch, int known) {
    return AskText(23, 4,
                   R"({"ReplicaId":-2,"Topics":[{"Topic":"t","Partitions":[{"Partition":0,
                      "CurrentLeaderEpoch":)" + std::to_string(known) +
                       R"(,"LeaderEpoch":)" + std::to_string(epoch) + "}]}]}");
  };
  EXPECT_THAT(end_of(0, 2), HasSubstr(R"("LeaderEpoch":0,"EndOffset":2)"));
  EXPECT_THAT(end_of(1, 2), HasSubstr(R"("LeaderEpoch":0,"EndOffset":2)"));
  EXPECT_THAT(end_of(2, -1), HasSubstr(R"("LeaderEpoch":2,"EndOffset":3)"));
  EXPECT_THAT(end_of(3, 2), HasSubstr(R"("LeaderEpoch":-1,"EndOffset":-1)"));
  EXPECT_THAT(end_of(0, 1), HasSubstr(R"("ErrorCode":74)"));  // FENCED_LEADER_EPOCH
  EXPECT_THAT(end_of(0, 3), HasSubstr(R"("ErrorCode":75)"));  // UNKNOWN_LEADER_EPOCH

  const auto fetch = [this](int known, int read, int offset) {
    return AskText(1, 12,
                   R"({"ReplicaId":-1,"MaxWaitMs":0,"MinBytes":1,"MaxBytes":10000,
                       "IsolationLevel":0,"SessionId":0,"SessionEpoch":-1,"Topics":[{"Topic":"t",
                       "Partitions":[{"Partition":0,"CurrentLeaderEpoch":)" +
                       std::to_string(known) + R"(,"FetchOffset":)" + std::to_string(offset) +
                       R"(,"LastFetchedEpoch":)" + std::to_string(read) +
                       R"(,"LogStartOffset":-1,"PartitionMaxBytes":10000}]}],
                       "ForgottenTopicsData":[],"RackId":""})");
  };
  EXPECT_THAT(fetch(1, -1, 0), HasSubstr(R"("ErrorCode":74)"));
  EXPECT_THAT(fetch(3, -1, 0), HasSubstr(R"("ErrorCode":75)"));
  // The first batch, its offset 0 and its epoch 0; the last, 2 of both.
  EXPECT_THAT(fetch(2, 0, 0), HasSubstr(R"("Records":"0000000000000000)"));
  EXPECT_THAT(fetch(2, 2, 2), HasSubstr("00000002"));
  // Who has read more of epoch 0 than there was.
  EXPECT_THAT(fetch(2, 0, 3), HasSubstr(R"("DivergingEpoch":{"Epoch":0,"EndOffset":2})"));
  EXPECT_THAT(fetch(2, 3, 3), HasSubstr(R"("ErrorCode":1,)"));  // OFFSET_OUT_OF_RANGE
}

TEST_F(LeadersTest, WhoAsksTheWrongNodeIsToldOfTheLeader) {
  With([&](Leaders& leaders) { EXPECT_TRUE(leaders.Move(topic("t"), 0, 3).ok()); });
  const std::string leader = R"("CurrentLeader":{"LeaderId":3,"LeaderEpoch":1})";
  const std::string where =
      R"("NodeEndpoints":[{"NodeId":3,"Host":"127.0.0.1","Port":9092,"Rack":"rack-3"}])";
  const std::string produced = AskText(0, 10, ProduceToT());
  EXPECT_THAT(produced, AllOf(HasSubstr(R"("ErrorCode":6)"), HasSubstr(leader), HasSubstr(where)));
  const std::string id =
      wire::ToHex({reinterpret_cast<const char*>(topic("t").id.bytes.data()), 16});
  const std::string fetched = AskText(
      1, 16,
      R"({"MaxWaitMs":0,"MinBytes":1,"MaxBytes":10000,"IsolationLevel":0,"SessionId":0,
          "SessionEpoch":-1,"Topics":[{"TopicId":")" + id + R"(","Partitions":[{"Partition":0,
          "CurrentLeaderEpoch":-1,"FetchOffset":0,"LastFetchedEpoch":-1,"LogStartOffset":-1,
          "PartitionMaxBytes":10000}]}],"ForgottenTopicsData":[],"RackId":""})");
  // Node 1 has a replica, from which a consumer may read.
  EXPECT_THAT(fetched, HasSubstr(R"("ErrorCode":0,"HighWatermark":0)"));
  EXPECT_THAT(Reassign("t", 0, "[3]"), HasSubstr(R"("ErrorCode":0)"));
  EXPECT_THAT(AskText(0, 10, ProduceToT()), HasSubstr(leader));
}

TEST_F(LeadersTest, AWriteNeedsAsManyNodesAsTheTopicSays) {
  On([this] {
    cluster_->topics().SetConfigs(topic("t"), {{"min.insync.replicas", "2"}},
                                  [](const absl::Status&) {});
  });
  With([](Leaders& leaders) { leaders.Stop(2); });
  EXPECT_THAT(AskText(0, 10, ProduceToT()), HasSubstr(R"("Index":0,"ErrorCode":0)"));
  With([](Leaders& leaders) { leaders.Stop(3); });
  EXPECT_THAT(AskText(0, 10, ProduceToT()), HasSubstr(R"("ErrorCode":19)"));  // NOT_ENOUGH_REPLICAS
}

TEST_F(LeadersTest, WhatWasMovedIsKeptAndWhatWasDownIsUpAgain) {
  Append("t", 0);
  With([&](Leaders& leaders) {
    EXPECT_TRUE(leaders.Move(topic("t"), 0, 3).ok());
    leaders.Stop(2);
  });
  On([this] {
    cluster_.reset();
    cluster_ = Cluster::Open({"default"}, {.nodes = 3},
                             {store_, commits_, reader_, budget_, tails_, shard_, nullptr})
                   .value();
  });
  EXPECT_EQ(Seen("t")[0], "3/1 [1,2,3] [1,2,3] [] 0");
  EXPECT_EQ(Seen("t")[1], "3/1 [2,3,1] [2,3,1] [] 0");
  EXPECT_EQ(Seen("alone")[1], "2/2 [2] [2] [] 0");
  On([this] { EXPECT_EQ(topic("t").EndOfEpoch(0, 0), (EpochEnd{0, 1})); });
  // A cluster of fewer nodes has what lay on the others, too.
  On([this] {
    cluster_.reset();
    cluster_ = Cluster::Open({"default"}, {.nodes = 2},
                             {store_, commits_, reader_, budget_, tails_, shard_, nullptr})
                   .value();
  });
  EXPECT_EQ(Seen("t")[0], "1/2 [1,2] [1,2] [] 0");
}

}  // namespace
}  // namespace wherry::kafka
