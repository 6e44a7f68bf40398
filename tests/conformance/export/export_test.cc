// wherry-export between two brokers: what is there afterwards, what interrupts it, what it refuses.
#include <signal.h>

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/kafka/kafka_admin.h"
#include "tests/conformance/kafka/kafka_client.h"
#include "tests/conformance/support/child_process.h"
#include "tests/conformance/support/temp_folder.h"
#include "wherry/broker.h"

namespace wherry::conformance {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

constexpr std::chrono::seconds kExportPatience{60};

class Export : public testing::Test {
 protected:
  std::string source_address() const { return source_.Address("kafka"); }
  std::string target_address() const { return target_.Address("kafka"); }

  std::vector<std::string> Command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {WHERRY_EXPORT_PROGRAM,  "--from", source_address(), "--to",
                                        target_address(),       "--state",
                                        folder_.File("state.json")};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  // Its exit status; what it said is in errors_.
  int RunExport(const std::vector<std::string>& more = {}) {
    ChildProcess process(Command(more));
    const std::optional<Exit> exit = process.AwaitExit(kExportPatience);
    errors_ = process.Errors();
    return exit.has_value() ? exit->status : -1;
  }
  void Fill(const std::string& topic, int partitions, int records) {
    Producer producer(source_address());
    for (int i = 0; i < records; ++i) {
      producer.Send(topic, {.partition = i % partitions,
                            .key = "key " + std::to_string(i),
                            .value = std::string(200, 'v') + std::to_string(i),
                            .timestamp = 1'700'000'000'000 + i});
    }
    producer.FlushWell(kExportPatience);
  }
  // Partition by partition, without offsets.
  static std::vector<KafkaRecord> Contents(Broker& broker, const std::string& topic) {
    std::vector<KafkaRecord> records = broker.kafka().Records(topic).value();
    for (KafkaRecord& record : records) record.offset = -1;
    return records;
  }
  void ExpectSame(const std::string& topic) {
    const std::vector<KafkaRecord> expected = Contents(source_, topic);
    const std::vector<KafkaRecord> copied = Contents(target_, topic);
    ASSERT_EQ(copied.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(testing::PrintToString(copied[i]), testing::PrintToString(expected[i]));
    }
  }

  Broker source_ = Broker::Start({}).value();
  Broker target_ = Broker::Start({}).value();
  TempFolder folder_;
  std::string errors_;
};

TEST_F(Export, CopiesEverythingOfARecord) {
  Admin(source_address()).CreateTopic("orders", 2, {{"retention.ms", "-1"}});
  Producer producer(source_address(), {{"compression.type", "zstd"}});
  producer.Send("orders", {.partition = 0, .key = "k", .value = "v", .timestamp = 1'000});
  producer.Send("orders", {.partition = 0, .value = "", .timestamp = 2'000});
  producer.Send("orders", {.partition = 1,
                           .key = "",
                           .headers = {{"a", "1"}, {"a", std::nullopt}, {"b", ""}},
                           .timestamp = 3'000});
  producer.FlushWell();

  ASSERT_EQ(RunExport(), 0) << errors_;
  ExpectSame("orders");
  EXPECT_THAT(*Admin(target_address()).DescribeTopicConfigs("orders"),
              Contains(Pair("retention.ms", "-1")));
  EXPECT_THAT(errors_, HasSubstr("checked 3 records: the same at source and target"));
}

TEST_F(Export, TranslatesCommittedOffsets) {
  ASSERT_TRUE(source_.kafka().CreateTopic("orders", 1).ok());
  Fill("orders", 1, 10);
  {
    Consumer consumer(source_address(), "billing", {{"auto.offset.reset", "earliest"}});
    consumer.Subscribe("orders");
    const std::vector<Record> records = consumer.Read(4);
    ASSERT_EQ(consumer.Commit("orders", records.back()), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  ASSERT_EQ(RunExport(), 0) << errors_;
  EXPECT_THAT(target_.kafka().CommittedOffsets("billing").value(),
              Contains(Pair(std::pair("orders", 0), 4)));
}

TEST_F(Export, GoesOnAfterItWasKilled) {
  ASSERT_TRUE(source_.kafka().CreateTopic("orders", 3).ok());
  Fill("orders", 3, 30'000);
  {
    // Written, and the answer never comes: the state file cannot know of it.
    ASSERT_TRUE(target_.faults().Add(Fault::On("kafka.Produce").Skip(2).AfterApply().Hang()).ok());
    ChildProcess process(Command());
    while (target_.faults().List().front().fired == 0) {
      ASSERT_FALSE(process.AwaitExit(std::chrono::milliseconds(1)).has_value())
          << process.Errors();
    }
    process.Kill();
    target_.faults().Clear();
  }
  ASSERT_EQ(RunExport(), 0) << errors_;
  ExpectSame("orders");
}

TEST_F(Export, GoesOnWithWhatHasComeSince) {
  ASSERT_TRUE(source_.kafka().CreateTopic("orders", 2).ok());
  Fill("orders", 2, 100);
  ASSERT_EQ(RunExport(), 0) << errors_;
  Fill("orders", 2, 50);
  ASSERT_EQ(RunExport(), 0) << errors_;
  EXPECT_THAT(errors_, HasSubstr("copied 50 records"));
  ExpectSame("orders");
}

TEST_F(Export, CopiesOnlyWhatIsAskedFor) {
  ASSERT_TRUE(source_.kafka().CreateTopic("orders", 1).ok());
  ASSERT_TRUE(source_.kafka().CreateTopic("invoices", 1).ok());
  ASSERT_EQ(RunExport({"--topics", "ord.*"}), 0) << errors_;
  EXPECT_EQ(target_.kafka().Topics().value(), std::vector<std::string>{"orders"});
}

TEST_F(Export, LeavesAloneWhatOthersHaveWritten) {
  ASSERT_TRUE(source_.kafka().CreateTopic("orders", 1).ok());
  ASSERT_TRUE(target_.kafka().CreateTopic("orders", 1).ok());
  ASSERT_TRUE(target_.kafka().Append("orders", {.value = "theirs"}).ok());
  EXPECT_EQ(RunExport(), 1);
  EXPECT_THAT(errors_, HasSubstr("topic orders at the target has records already"));
  EXPECT_THAT(target_.kafka().Records("orders").value(), SizeIs(1));
}

TEST_F(Export, SaysWhyItCannotBegin) {
  ASSERT_TRUE(source_.kafka().CreateTopic("orders", 2).ok());
  ASSERT_TRUE(target_.kafka().CreateTopic("orders", 3).ok());
  EXPECT_EQ(RunExport(), 1);
  EXPECT_THAT(errors_, HasSubstr("2 partitions at the source and 3 at the target"));
  EXPECT_EQ(RunExport({"--topics", "("}), 2);
  EXPECT_EQ(RunExport({"-X", "no.such.property=1"}), 1);
  EXPECT_THAT(errors_, HasSubstr("no.such.property"));
  EXPECT_EQ(RunExport({"--to", source_address()}), 2) << "--to is there twice";

  ChildProcess same({WHERRY_EXPORT_PROGRAM, "--from", source_address(), "--to", source_address()});
  EXPECT_EQ(same.AwaitExit(kExportPatience)->status, 1);
  EXPECT_THAT(same.Errors(), HasSubstr("the same cluster"));
}

TEST_F(Export, NoticesThatACopyDiffers) {
  ASSERT_TRUE(source_.kafka().CreateTopic("orders", 1).ok());
  Fill("orders", 1, 10);
  ASSERT_EQ(RunExport({"--no-check"}), 0) << errors_;
  // A target that is not what was copied: the same number of records, of another content.
  ASSERT_TRUE(target_.kafka().DeleteTopic("orders").ok());
  ASSERT_TRUE(target_.kafka().CreateTopic("orders", 1).ok());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(target_.kafka().Append("orders", {.value = "other"}).ok());
  }
  EXPECT_EQ(RunExport(), 1);
  EXPECT_THAT(errors_, HasSubstr("partition 0 of topic orders differs: 10 records at the source, "
                                 "10 at the target, whose contents differ"));
}

}  // namespace
}  // namespace wherry::conformance
