#include "broker/core/consumer_group_record.h"

#include <gmock/gmock.h>

namespace wherry::core {
namespace {

ConsumerMemberRecord Record() {
  ConsumerMemberRecord record;
  record.instance_id = "one";
  record.client_id = "client";
  record.client_host = "/127.0.0.1";
  record.rebalance_timeout = std::chrono::seconds(60);
  record.topics = {"t", "u"};
  record.pattern = "logs-.*";
  record.assignor = "range";
  record.has = {MemberState::kUnrevoked, 5, 4, {{{1}, {0, 1}}}, {{{2}, {7}}}};
  record.target = {{{1}, {0}}};
  record.classic.emplace();
  record.classic->session_timeout = std::chrono::seconds(10);
  record.classic->protocols = {{"range", "m"}};
  return record;
}

TEST(ConsumerGroupRecordTest, WhatIsWrittenIsRead) {
  const ConsumerGroupRecord group{7, 6, 0x0123456789abcdef};
  EXPECT_EQ(ConsumerGroupRecord::Decode(group.Encode()).value(), group);
  EXPECT_EQ(ConsumerMemberRecord::Decode(Record().Encode()).value(), Record());
  EXPECT_EQ(ConsumerMemberRecord::Decode(ConsumerMemberRecord().Encode()).value(),
            ConsumerMemberRecord());
}

TEST(ConsumerGroupRecordTest, WhatIsCutIsDamaged) {
  const std::string member = Record().Encode();
  for (std::size_t size = 0; size < member.size(); ++size) {
    EXPECT_FALSE(ConsumerMemberRecord::Decode(member.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ConsumerMemberRecord::Decode(member + "x").ok());
  const std::string group = ConsumerGroupRecord{1, 1, 1}.Encode();
  EXPECT_FALSE(ConsumerGroupRecord::Decode(group.substr(1)).ok());
  EXPECT_FALSE(ConsumerGroupRecord::Decode(group + "x").ok());
}

TEST(ConsumerGroupRecordTest, TheFirstBytesAreAsDocumented) {
  EXPECT_EQ((ConsumerGroupRecord{7, 6, 5}.Encode()),
            std::string("\x01\0\0\0\x07\0\0\0\x06\0\0\0\0\0\0\0\x05", 17));
}

}  // namespace
}  // namespace wherry::core
