// Records that end by themselves, under a clock that the test moves and stock clients.
#include <map>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/support/temp_folder.h"
#include "tests/conformance/testkit/testkit_test.h"

namespace wherry::conformance {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RetentionTest : public TestkitTest {
 protected:
  void Create(const std::vector<std::pair<std::string, std::string>>& configs) {
    ASSERT_EQ(Admin(bootstrap()).CreateTopic("t", 1, configs), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void Send(const std::string& key, const std::string& value) {
    Producer producer(bootstrap());
    producer.Send("t", key, value);
    producer.FlushWell();
  }
  // What a consumer reads from the start, once that is `count` records.
  std::vector<std::string> AwaitRecords(std::size_t count) {
    std::vector<std::string> texts;
    const Deadline deadline;
    do {
      texts.clear();
      const auto records = kafka().ReadAll("t", 0);
      if (!records.ok()) return {records.status().message()};
      for (const KafkaRecord& record : records.value()) {
        texts.push_back(std::to_string(record.offset) + " " + record.key.value_or("") + "=" +
                        record.value.value_or(""));
      }
    } while (texts.size() != count && !deadline.Passed());
    Consumer consumer(bootstrap(), "");
    consumer.Assign("t", 0);
    for (const std::string& text : texts) {
      const std::optional<Record> record = consumer.Next();
      EXPECT_TRUE(record.has_value());
      if (record.has_value()) {
        EXPECT_EQ(std::to_string(record->offset) + " " + record->key.value_or("") + "=" +
                      record->value.value_or(""),
                  text);
      }
    }
    return texts;
  }
};

TEST_F(RetentionTest, AWeekLaterTheRecordsAreGone) {
  Create({});
  Send("k", "v");
  ASSERT_TRUE(clock().Advance(hours(24 * 7 - 1)).ok());
  EXPECT_EQ(AwaitRecords(1), (std::vector<std::string>{"0 k=v"}));
  ASSERT_TRUE(clock().Advance(hours(2)).ok());
  EXPECT_TRUE(AwaitRecords(0).empty());
  EXPECT_EQ(Consumer(bootstrap(), "").QueryWatermarks("t", 0), (Consumer::Watermarks{1, 1}));
  // Who comes to read them begins at what there is.
  Consumer late(bootstrap(), "", {{"auto.offset.reset", "earliest"}});
  late.Assign("t", 0, 0);
  Send("k", "w");
  EXPECT_EQ(late.Next().value_or(Record{}).value, "w");
}

TEST_F(RetentionTest, OfACompactedTopicTheLastValueOfEachKeyIsLeft) {
  Create({{"cleanup.policy", "compact"},
          {"segment.bytes", "100"},
          {"min.cleanable.dirty.ratio", "0"}});
  for (int i = 0; i < 9; ++i) Send("k" + std::to_string(i % 3), std::to_string(i));
  Send("end", "0");
  ASSERT_TRUE(clock().Advance(seconds(15)).ok());
  EXPECT_EQ(AwaitRecords(4),
            (std::vector<std::string>{"6 k0=6", "7 k1=7", "8 k2=8", "9 end=0"}));
}

// The broker dies while it compacts, again and again, with what it had not synced or without it.
TEST(RetentionCrashTest, ACrashInTheMiddleOfACompactionLosesNoKey) {
  const TempFolder folder;
  for (const bool simulated : {false, true}) {
    Options options;
    options.clock = ClockMode::kVirtual;
    options.simulated_disk = simulated;
    if (!simulated) options.data_dir = folder.File("data");
    Broker broker = Broker::Start(options).value();
    ASSERT_EQ(Admin(broker.Address("kafka"))
                  .CreateTopic("t", 1,
                               {{"cleanup.policy", "compact"},
                                {"segment.bytes", "150"},
                                {"min.cleanable.dirty.ratio", "0"}}),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    std::map<std::string, std::string> expected;
    for (int round = 0; round < 6; ++round) {
      Producer producer(broker.Address("kafka"), {{"linger.ms", "0"}});
      for (int i = 0; i < 40; ++i) {
        const std::string key = "k" + std::to_string(i % 7), value = std::to_string(round * 40 + i);
        producer.Send("t", key, value);
        expected[key] = value;
        if (i % 4 == 0) producer.FlushWell();
      }
      producer.FlushWell();
      ASSERT_TRUE(broker.clock().Advance(std::chrono::seconds(15)).ok());
      ASSERT_TRUE(broker.Crash().ok());
      ASSERT_TRUE(broker.Restart().ok());
      std::map<std::string, std::string> last;
      std::int64_t offset = -1;
      const auto records = broker.kafka().ReadAll("t", 0);
      ASSERT_TRUE(records.ok()) << records.status();
      for (const KafkaRecord& record : records.value()) {
        EXPECT_GT(record.offset, offset);
        offset = record.offset;
        last[*record.key] = *record.value;
      }
      EXPECT_EQ(last, expected) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace wherry::conformance
