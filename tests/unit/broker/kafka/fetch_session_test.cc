// Fetch sessions (KIP-227): through Fetch's row, and their number.
#include <random>

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "broker/kafka/fetch_sessions.h"
#include "protocol/kafka/record_batch.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace json = boost::json;

class FetchSessionTest : public ClusterFixture {
 protected:
  FetchSessionTest() { Create("t", 3); }

  void Create(const std::string& name, int partitions) {
    On([&] {
      ASSERT_TRUE(
          cluster_->topics().Create(name, partitions, {}, [](const absl::Status&) {}).ok());
    });
  }
  void Append(int partition) {
    BatchBuilder batch(Codec::kNone);
    batch.Add(5, "key", "value");
    const json::value produced = Ask(0, 9, R"({"Acks": -1, "TopicData": [{"Name": "t",
        "PartitionData": [{"Index": )" + std::to_string(partition) +
                                               R"(, "Records": ")" + wire::ToHex(batch.Build()) +
                                               R"("}]}]})");
    EXPECT_EQ(produced.at_pointer("/Responses/0/PartitionResponses/0/ErrorCode").as_int64(), 0);
  }

  // A partition of topic "t", as a fetch asks for it.
  static std::string Partition(int index, int offset = 0, int last_epoch = -1) {
    return R"({"Partition": )" + std::to_string(index) + R"(, "FetchOffset": )" +
           std::to_string(offset) + R"(, "LastFetchedEpoch": )" + std::to_string(last_epoch) +
           R"(, "PartitionMaxBytes": 100000})";
  }
  static std::string Session(std::int64_t id, int epoch) {
    return R"("SessionId": )" + std::to_string(id) + R"(, "SessionEpoch": )" +
           std::to_string(epoch);
  }
  json::value Fetch(const std::string& session, const std::string& partitions,
                    const std::string& rest = "", std::int16_t version = 12) {
    const std::string topics = partitions.empty()
                                   ? ""
                                   : R"({"Topic": "t", "Partitions": [)" + partitions + "]}";
    return Ask(1, version, R"({"MaxBytes": 100000, "MinBytes": 1, )" + session +
                               R"(, "Topics": [)" + topics + "]" + rest + "}");
  }
  // Begins a session with partitions 0 to 2 of "t"; its id.
  std::int64_t Begin() {
    const json::value all = Fetch(Session(0, 0), Partition(0) + "," + Partition(1) + "," +
                                                     Partition(2));
    EXPECT_THAT(Told(all), ElementsAre(0, 1, 2));
    return all.at("SessionId").as_int64();
  }

  // The partitions of topic "t" that an answer tells of.
  static std::vector<std::int64_t> Told(const json::value& answer) {
    std::vector<std::int64_t> told;
    for (const json::value& topic : answer.at("Responses").as_array()) {
      for (const json::value& partition : topic.at("Partitions").as_array()) {
        told.push_back(partition.at("PartitionIndex").as_int64());
      }
    }
    return told;
  }
};

TEST_F(FetchSessionTest, OnlyWhatIsNewIsTold) {
  const std::int64_t id = Begin();
  ASSERT_GT(id, 0);
  EXPECT_THAT(Told(Fetch(Session(id, 1), "")), IsEmpty());
  Append(1);
  const json::value news = Fetch(Session(id, 2), "");
  EXPECT_EQ(news.at("SessionId").as_int64(), id);
  EXPECT_THAT(Told(news), ElementsAre(1));
  EXPECT_EQ(news.at_pointer("/Responses/0/Partitions/0/HighWatermark").as_int64(), 1);
  EXPECT_FALSE(news.at_pointer("/Responses/0/Partitions/0/Records").as_string().empty());
  // It has not moved on, so the same is told again.
  EXPECT_THAT(Told(Fetch(Session(id, 3), "")), ElementsAre(1));
  EXPECT_THAT(Told(Fetch(Session(id, 4), Partition(1, 1))), IsEmpty());
  EXPECT_THAT(Told(Fetch(Session(id, 5), "")), IsEmpty());
}

TEST_F(FetchSessionTest, PartitionsAreAddedAndForgotten) {
  Append(0);
  Append(2);
  const json::value all = Fetch(Session(0, 0), Partition(0));
  const std::int64_t id = all.at("SessionId").as_int64();
  EXPECT_THAT(Told(all), ElementsAre(0));
  const json::value other =
      Fetch(Session(id, 1), Partition(2),
            R"(, "ForgottenTopicsData": [{"Topic": "t", "Partitions": [0, 7]}])");
  EXPECT_THAT(Told(other), ElementsAre(2));
  const json::value none =
      Fetch(Session(id, 2), "", R"(, "ForgottenTopicsData": [{"Topic": "t", "Partitions": [2]}])");
  EXPECT_EQ(none.at("SessionId").as_int64(), 0) << "nothing is left of it";
  EXPECT_EQ(Fetch(Session(id, 3), "").at("ErrorCode").as_int64(), 70);
}

TEST_F(FetchSessionTest, AWrongEpochOrKindIsAnError) {
  const std::int64_t id = Begin();
  EXPECT_EQ(Fetch(Session(id + 1, 1), "").at("ErrorCode").as_int64(), 70)
      << "FETCH_SESSION_ID_NOT_FOUND";
  EXPECT_EQ(Fetch(Session(id, 2), "").at("ErrorCode").as_int64(), 71)
      << "INVALID_FETCH_SESSION_EPOCH";
  EXPECT_EQ(Ask(1, 13, "{" + Session(id, 1) + "}").at("ErrorCode").as_int64(), 106)
      << "FETCH_SESSION_TOPIC_ID_ERROR";
  EXPECT_EQ(Fetch(Session(id, 1), "").at("ErrorCode").as_int64(), 0);
  On([&] { cluster_->fetch_sessions().Find(static_cast<std::int32_t>(id))->epoch = INT32_MAX; });
  EXPECT_EQ(Fetch(Session(id, INT32_MAX), "").at("ErrorCode").as_int64(), 0);
  EXPECT_EQ(Fetch(Session(id, 1), "").at("ErrorCode").as_int64(), 0) << "epochs wrap to 1";
  // A full fetch ends the session that it names.
  EXPECT_EQ(Fetch(Session(id, -1), Partition(0)).at("SessionId").as_int64(), 0);
  EXPECT_EQ(Fetch(Session(id, 2), "").at("ErrorCode").as_int64(), 70);
}

TEST_F(FetchSessionTest, AFetchIsAboutWhatItsSessionKnows) {
  const std::int64_t id = Begin();
  const ApiRow& fetch = *FindApi(1);
  const auto topics = [&](int epoch) {
    const std::string body =
        fetch.request.encode(json::parse("{" + Session(id, epoch) + "}"), 12, true).value();
    RequestSubjects subjects;
    On([&] {
      subjects = fetch.SubjectsOf({*cluster_, 12, "client", address_, address_}, body, true);
    });
    return subjects.topics;
  };
  EXPECT_THAT(topics(1), ElementsAre("t")) << "a fault of the topic strikes it";
  EXPECT_THAT(topics(7), IsEmpty()) << "it will be refused";
}

TEST_F(FetchSessionTest, AFetchWaitsForAnyOfItsPartitions) {
  const std::int64_t id = Begin();
  auto waiting = std::async(std::launch::async, [&] {
    return Fetch(Session(id, 1), "", R"(, "MaxWaitMs": 20000)");
  });
  // Whichever comes first, the fetch or the record.
  Append(2);
  EXPECT_THAT(Told(waiting.get()), ElementsAre(2));
}

TEST_F(FetchSessionTest, AnUnknownTopicIsToldUntilItIsThere) {
  const std::string late = R"({"Topic": "late", "Partitions": [)" + Partition(0) + "]}";
  const auto ask = [&](const std::string& session, const std::string& topics) {
    return Ask(1, 12, "{" + session + R"(, "MaxBytes": 1000, "MaxWaitMs": 0, "Topics": [)" +
                          topics + "]}");
  };
  const json::value first = ask(Session(0, 0), late);
  const std::int64_t id = first.at("SessionId").as_int64();
  constexpr std::string_view kError = "/Responses/0/Partitions/0/ErrorCode";
  EXPECT_EQ(first.at_pointer(kError).as_int64(), 3);
  EXPECT_EQ(ask(Session(id, 1), "").at_pointer(kError).as_int64(), 3);
  Create("late", 1);
  const json::value there = ask(Session(id, 2), "");
  EXPECT_EQ(there.at_pointer(kError).as_int64(), 0) << there;
  EXPECT_EQ(there.at_pointer("/Responses/0/Partitions/0/HighWatermark").as_int64(), 0);
  EXPECT_THAT(Told(ask(Session(id, 3), "")), IsEmpty());
}

TEST_F(FetchSessionTest, WhatDidNotFitComesFirstNextTime) {
  const std::int64_t id = Begin();
  for (const int partition : {0, 1, 2}) Append(partition);
  const auto next = [&](int epoch, const std::string& partitions) {
    return Ask(1, 12, R"({"MaxBytes": 1, "MinBytes": 1, )" + Session(id, epoch) +
                          R"(, "Topics": [)" + partitions + "]}");
  };
  const auto read = [](const json::value& answer) {
    std::vector<std::int64_t> with_records;
    for (const json::value& topic : answer.at("Responses").as_array()) {
      for (const json::value& partition : topic.at("Partitions").as_array()) {
        if (!partition.at("Records").as_string().empty()) {
          with_records.push_back(partition.at("PartitionIndex").as_int64());
        }
      }
    }
    return with_records;
  };
  EXPECT_THAT(read(next(1, "")), ElementsAre(0));
  EXPECT_THAT(read(next(2, "")), ElementsAre(1)) << "0 was read, and would be again";
  EXPECT_THAT(read(next(3, "")), ElementsAre(2));
  EXPECT_THAT(read(next(4, "")), ElementsAre(0));
}

TEST_F(FetchSessionTest, AReaderOfWhatWasCutOffHearsWhereItsEpochEnds) {
  Append(0);
  const json::value told = Fetch(Session(0, -1), Partition(0, 5, 0));
  const json::value& partition = told.at_pointer("/Responses/0/Partitions/0");
  EXPECT_EQ(partition.at("ErrorCode").as_int64(), 0);
  EXPECT_EQ(partition.at_pointer("/DivergingEpoch/Epoch").as_int64(), 0);
  EXPECT_EQ(partition.at_pointer("/DivergingEpoch/EndOffset").as_int64(), 1);
  constexpr std::string_view kError = "/Responses/0/Partitions/0/ErrorCode";
  EXPECT_EQ(Fetch(Session(0, -1), Partition(0, 5)).at_pointer(kError).as_int64(), 1);
  EXPECT_EQ(Fetch(Session(0, -1), Partition(0, 0, 3)).at_pointer(kError).as_int64(), 1);
}

// Whatever is done to the partitions and to the session, a client that says where it is reads every
// record once, in order.
TEST_F(FetchSessionTest, RandomClientsReadEverything) {
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u}) {
    std::mt19937 random(seed);
    const std::string name = "random" + std::to_string(seed);
    constexpr int kPartitions = 4;
    Create(name, kPartitions);
    std::vector<std::int64_t> appended(kPartitions), position(kPartitions);
    std::vector<bool> known(kPartitions), moved(kPartitions);  // by the session; since it was told
    std::int64_t id = 0;
    int epoch = 0;
    for (int step = 0; step < 400; ++step) {
      const bool drain = step >= 300;  // nothing is appended any more
      for (auto more = drain ? 0 : random() % 3; more > 0; --more) {
        const auto partition = static_cast<int>(random() % kPartitions);
        BatchBuilder batch(Codec::kNone);
        batch.Add(5, "key", "value");
        Ask(0, 9, R"({"Acks": 1, "TopicData": [{"Name": ")" + name +
                      R"(", "PartitionData": [{"Index": )" + std::to_string(partition) +
                      R"(, "Records": ")" + wire::ToHex(batch.Build()) + R"("}]}]})");
        ++appended[static_cast<std::size_t>(partition)];
      }
      if (!drain && random() % 20 == 0) epoch = 0;  // begins anew
      std::string asked, forgotten;
      for (std::size_t p = 0; p < kPartitions; ++p) {
        const auto index = std::to_string(p);
        if (epoch != 0 && known[p] && !drain && random() % 10 == 0) {
          forgotten += (forgotten.empty() ? "" : ",") + index;
          known[p] = false;
        } else if (epoch == 0 || moved[p] || (!known[p] && (drain || random() % 2 == 0))) {
          asked += (asked.empty() ? "" : ",") + Partition(static_cast<int>(p),
                                                          static_cast<int>(position[p]));
          known[p] = true;
          moved[p] = false;
        }
      }
      const auto topic = [&](const std::string& partitions) {
        return partitions.empty() ? "" : R"({"Topic": ")" + name + R"(", "Partitions": [)" +
                                             partitions + "]}";
      };
      const json::value told =
          Ask(1, 12, R"({"MaxBytes": )" + std::to_string(1 + random() % 300) + ", " +
                         Session(epoch == 0 ? 0 : id, epoch) + R"(, "Topics": [)" + topic(asked) +
                         R"(], "ForgottenTopicsData": [)" + topic(forgotten) + "]}");
      ASSERT_EQ(told.at("ErrorCode").as_int64(), 0) << "seed " << seed << ", step " << step;
      id = told.at("SessionId").as_int64();
      epoch = id == 0 ? 0 : epoch + 1;
      for (const json::value& of_topic : told.at("Responses").as_array()) {
        for (const json::value& part : of_topic.at("Partitions").as_array()) {
          const auto p = static_cast<std::size_t>(part.at("PartitionIndex").as_int64());
          const std::string batches = *wire::FromHex(part.at("Records").as_string());
          std::string_view rest = batches;
          while (const auto header = ParseBatchHeader(rest)) {
            ASSERT_EQ(header->base_offset, position[p]) << "seed " << seed << ", step " << step;
            ++position[p];
            moved[p] = true;
            rest.remove_prefix(header->size());
          }
        }
      }
    }
    EXPECT_EQ(position, appended) << "seed " << seed;
  }
}

// Their number, on a clock that the test moves.
class FetchSessionsTest : public core::ShardFixture {
 protected:
  FetchSessionsTest() {
    commits_.Start();
    On([this] {
      topics_ = TopicCatalog::Open({"default"}, {store_, commits_, reader_, budget_, tails_, shard_,
                                                 nullptr, nullptr})
                    .value();
    });
  }
  ~FetchSessionsTest() override {
    On([this] { topics_.reset(); });
    commits_.Stop();
    reader_.Stop();
    shard_.Stop();
  }

  std::shared_ptr<FetchList> List(int partitions) {
    auto list = std::make_shared<FetchList>(*topics_, false);
    FetchedPartition asked;
    asked.topic = std::make_shared<const NamedTopic>(NamedTopic{"nobody's", {}});
    for (asked.index = 0; asked.index < partitions; ++asked.index) list->Put(asked);
    return list;
  }

  storage::MemoryLogStore store_;
  core::CommitQueue commits_{store_, core::SyncPolicy::kCommit, shard_};
  core::BackgroundThread reader_;
  core::MemoryBudget budget_{store_, 0};
  core::TailCache tails_;
  std::unique_ptr<TopicCatalog> topics_;
  FetchSessions sessions_{shard_};
};

TEST_F(FetchSessionsTest, AFullCacheKeepsWhatIsUsed) {
  std::vector<std::int32_t> ids;
  On([&] {
    for (std::size_t i = 0; i < FetchSessions::kMaxSessions; ++i) {
      ids.push_back(sessions_.Add(List(2)));
    }
    EXPECT_THAT(ids, ::testing::Each(::testing::Gt(0)));
    EXPECT_EQ(sessions_.Add(List(2)), 0) << "none is old enough to go";
  });
  Advance(FetchSessions::kKeepAtLeast + std::chrono::seconds(1));
  On([&] {
    for (std::size_t i = 1; i < ids.size(); ++i) sessions_.Touch(*sessions_.Find(ids[i]));
    EXPECT_NE(sessions_.Add(List(1)), 0);
    EXPECT_EQ(sessions_.Find(ids[0]), nullptr) << "the one that nobody used went";
    EXPECT_EQ(sessions_.Add(List(1)), 0) << "none is smaller";
    EXPECT_NE(sessions_.Add(List(3)), 0) << "an old one that is smaller goes";
    EXPECT_EQ(sessions_.size(), FetchSessions::kMaxSessions);
  });
}

TEST_F(FetchSessionsTest, TheirPartitionsAreBounded) {
  On([&] {
    EXPECT_EQ(sessions_.Add(List(0)), 0) << "there is nothing to remember";
    const int many = static_cast<int>(FetchSessions::kMaxPartitions / 2 + 1);
    const std::int32_t id = sessions_.Add(List(many));
    EXPECT_NE(id, 0);
    EXPECT_FALSE(sessions_.HasRoom(static_cast<std::size_t>(many)));
    EXPECT_EQ(sessions_.Add(List(many)), 0);
    sessions_.Remove(id);
    EXPECT_TRUE(sessions_.HasRoom(FetchSessions::kMaxPartitions));
  });
}

}  // namespace
}  // namespace wherry::kafka
