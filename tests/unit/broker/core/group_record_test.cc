#include "broker/core/group_record.h"

#include <gtest/gtest.h>

namespace wherry::core {
namespace {

GroupRecord Example() {
  GroupRecord record;
  record.generation = 7;
  record.protocol_type = "consumer";
  record.protocol_name = "range";
  GroupRecord::Member member;
  member.member_id = "m";
  member.instance_id = "i";
  member.session_timeout = std::chrono::seconds(10);
  member.protocols.push_back({"range", "metadata"});
  record.members.push_back(member);
  return record;
}

TEST(GroupRecordTest, WhatWasEncodedIsDecoded) {
  const std::string bytes = Example().Encode();
  const GroupRecord decoded = GroupRecord::Decode(bytes).value();
  EXPECT_EQ(decoded.generation, 7);
  EXPECT_EQ(decoded.protocol_name, "range");
  EXPECT_EQ(decoded.leader, std::nullopt);
  ASSERT_EQ(decoded.members.size(), 1u);
  EXPECT_EQ(decoded.members[0].session_timeout, std::chrono::seconds(10));
  EXPECT_EQ(decoded.Encode(), bytes);
}

TEST(GroupRecordTest, TheFirstVersionDidNotSaySinceWhenItIsEmpty) {
  GroupRecord example = Example();
  example.empty_since = 77;
  const std::string bytes = example.Encode();
  EXPECT_EQ(GroupRecord::Decode(bytes)->empty_since, 77);
  const std::string old = "\x01" + bytes.substr(1, bytes.size() - 1 - sizeof(std::int64_t));
  EXPECT_EQ(GroupRecord::Decode(old)->empty_since, -1);
  EXPECT_EQ(GroupRecord::Decode(old)->members.size(), 1u);
}

TEST(GroupRecordTest, DamageIsNoticed) {
  const std::string bytes = Example().Encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(GroupRecord::Decode(bytes.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
  EXPECT_FALSE(GroupRecord::Decode(bytes + "x").ok());
  EXPECT_FALSE(GroupRecord::Decode("\x03" + bytes.substr(1)).ok()) << "a later version";
}

TEST(GroupRecordTest, AnOptionalIsThereOrNot) {
  std::string bytes = Example().Encode();
  constexpr std::size_t kFirstOptional = 1 + 4 + 4 + 8;  // version, generation, "consumer"
  ASSERT_EQ(bytes[kFirstOptional], '\1');
  bytes[kFirstOptional] = '\2';
  EXPECT_EQ(GroupRecord::Decode(bytes).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace wherry::core
