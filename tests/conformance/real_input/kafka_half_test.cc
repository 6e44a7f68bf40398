// Debian's package list through Kafka, with the server killed three times on the way.
#include <atomic>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/real_input/apt_stanzas.h"
#include "tests/conformance/real_input/wherry_process.h"
#include "tests/conformance/support/temp_folder.h"

namespace wherry::conformance {
namespace {

constexpr char kTopic[] = "packages";
constexpr std::int32_t kPartitions = 4;
constexpr std::size_t kKills = 3;
constexpr std::chrono::minutes kLongPatience(2);

// Where a record lies.
using Place = std::pair<std::int32_t, std::int64_t>;
using Places = std::map<Place, const Stanza*>;

class KafkaRealInputTest : public ::testing::Test {
 protected:
  void StartServer(const std::string& address) {
    server_.emplace(std::vector<std::string>{"--data-dir", folder_.File("data"), "--listen",
                                             "kafka://" + address});
    bootstrap_ = server_->Address("kafka");
  }

  // Produces every stanza, killing the server in the middle; where each was acknowledged to lie.
  Places ProduceThroughKills(const std::vector<Stanza>& stanzas);
  // What a group of three reads until every place has been read.
  void ExpectGroupReads(const Places& expected);
  void ExpectKcatPrints(const Places& expected);

  TempFolder folder_;
  std::optional<WherryProcess> server_;
  std::string bootstrap_;
};

Places KafkaRealInputTest::ProduceThroughKills(const std::vector<Stanza>& stanzas) {
  Producer producer(bootstrap_, {{"enable.idempotence", "true"},
                                 {"partitioner", "murmur2"},
                                 {"linger.ms", "2"},
                                 {"batch.num.messages", "200"}});
  std::size_t kills = 0;
  for (std::size_t sent = 0; sent < stanzas.size(); ++sent) {
    const Stanza& stanza = stanzas[sent];
    EXPECT_EQ(producer.Send(kTopic, stanza.package, stanza.text), RD_KAFKA_RESP_ERR_NO_ERROR);
    producer.Poll();
    const std::size_t due = stanzas.size() / (kKills + 1) * (kills + 1);
    if (kills == kKills || producer.settled() + 2000 < due) {
      // Not further ahead of the answers than some requests: the kills are to come in the middle.
      const Deadline deadline;
      while (producer.settled() + 4000 < sent && !deadline.Passed()) {
        rd_kafka_poll(producer.client(), 10);
      }
      continue;
    }
    EXPECT_LT(producer.settled(), sent) << "nothing was under way";
    server_->Kill();
    ++kills;
    StartServer(bootstrap_);
  }
  EXPECT_EQ(kills, kKills);

  Places places;
  const std::vector<Delivery> deliveries = producer.FlushWell(kLongPatience);
  std::map<std::int32_t, std::int64_t> last;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    const Place place{deliveries[i].partition, deliveries[i].offset};
    EXPECT_TRUE(places.emplace(place, &stanzas[i]).second) << "two records at one place";
    // All records of a partition came in order, so those of a key did.
    const auto [before, is_first] = last.try_emplace(place.first, -1);
    EXPECT_LT(before->second, place.second) << stanzas[i].package;
    before->second = place.second;
  }
  EXPECT_EQ(last.size(), static_cast<std::size_t>(kPartitions));
  return places;
}

void KafkaRealInputTest::ExpectGroupReads(const Places& expected) {
  std::mutex mutex;
  std::map<Place, int> times_read;
  std::vector<std::string> wrong;
  std::atomic<int> members_with_partitions = 0;
  std::atomic<bool> complete = false;
  const Deadline deadline(kLongPatience);
  const auto read = [&] {
    Consumer consumer(bootstrap_, "readers");
    consumer.Subscribe(kTopic);
    bool counted = false;
    std::size_t uncommitted = 0;
    while ((!complete || members_with_partitions < 3) && !deadline.Passed()) {
      const std::optional<Record> record = consumer.Next(std::chrono::milliseconds(50));
      if (!counted && !consumer.Assignment().empty()) {
        counted = true;
        ++members_with_partitions;
      }
      if (!record.has_value()) continue;
      // A commit may fail while partitions change hands: the record is then read again.
      if (++uncommitted % 1000 == 0) static_cast<void>(consumer.Commit(kTopic, *record));
      const Place place{record->partition, record->offset};
      const auto at = expected.find(place);
      const bool right = at != expected.end() && record->value == at->second->text &&
                         record->key == at->second->package;
      const std::lock_guard<std::mutex> lock(mutex);
      if (!right) wrong.push_back(record->key.value_or("(null)"));
      ++times_read[place];
      complete = times_read.size() == expected.size();
    }
  };
  {
    std::vector<std::jthread> members;
    for (int i = 0; i < 3; ++i) members.emplace_back(read);
  }
  EXPECT_EQ(members_with_partitions, 3);
  EXPECT_THAT(wrong, ::testing::IsEmpty());
  EXPECT_EQ(times_read.size(), expected.size()) << "some were never read";
}

void KafkaRealInputTest::ExpectKcatPrints(const Places& expected) {
  const std::string printed = OutputOf({"kcat", "-C", "-q", "-e", "-b", bootstrap_, "-t", kTopic,
                                        "-o", "beginning", "-f", "%p %o %S %k\n%s"},
                                       kLongPatience);
  Places left = expected;
  std::string_view rest = printed;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    ASSERT_NE(end, std::string_view::npos) << rest.substr(0, 100);
    std::istringstream line{std::string(rest.substr(0, end))};
    Place place;
    std::size_t size = 0;
    std::string key;
    line >> place.first >> place.second >> size >> key;
    ASSERT_LE(end + 1 + size, rest.size()) << line.str();
    const auto at = left.find(place);
    ASSERT_NE(at, left.end()) << "not expected, or twice: " << line.str();
    ASSERT_EQ(key, at->second->package);
    ASSERT_TRUE(rest.substr(end + 1, size) == at->second->text) << line.str();
    left.erase(at);
    rest.remove_prefix(end + 1 + size);
  }
  EXPECT_EQ(left.size(), 0u) << "kcat did not print them";
}

TEST_F(KafkaRealInputTest, EveryAcknowledgedRecordIsStoredOnceThroughSigkills) {
  const std::vector<Stanza> stanzas = AptStanzas();
  StartServer("127.0.0.1:0");
  ASSERT_EQ(Admin(bootstrap_).CreateTopic(kTopic, kPartitions), RD_KAFKA_RESP_ERR_NO_ERROR);
  const Places places = ProduceThroughKills(stanzas);
  ASSERT_EQ(places.size(), stanzas.size());

  // Nothing is stored that nobody was told of.
  std::map<std::int32_t, std::int64_t> counts;
  for (const auto& [place, stanza] : places) ++counts[place.first];
  Consumer consumer(bootstrap_, "");
  for (const auto& [partition, count] : counts) {
    EXPECT_EQ(consumer.QueryWatermarks(kTopic, partition), (Consumer::Watermarks{0, count}));
  }
  ExpectGroupReads(places);
  ExpectKcatPrints(places);
  server_->Stop();
}

}  // namespace
}  // namespace wherry::conformance
