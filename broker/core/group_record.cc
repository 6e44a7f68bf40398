#include "broker/core/group_record.h"

#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kVersionWithoutEmptySince = 1;

void PutMember(std::string& out, const GroupRecord::Member& member) {
  PutString(out, member.member_id);
  PutOptional(out, member.instance_id);
  PutString(out, member.client_id);
  PutString(out, member.client_host);
  PutMillis(out, member.session_timeout);
  PutMillis(out, member.rebalance_timeout);
  PutString(out, member.assignment);
  PutBigEndian(out, static_cast<std::uint32_t>(member.protocols.size()));
  for (const GroupProtocol& protocol : member.protocols) {
    PutString(out, protocol.name);
    PutString(out, protocol.metadata);
  }
}

GroupRecord::Member TakeMember(StateReader& reader) {
  GroupRecord::Member member;
  member.member_id = reader.TakeString();
  member.instance_id = TakeOptional(reader);
  member.client_id = reader.TakeString();
  member.client_host = reader.TakeString();
  member.session_timeout = TakeMillis(reader);
  member.rebalance_timeout = TakeMillis(reader);
  member.assignment = reader.TakeString();
  const auto count = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.good; ++i) {
    GroupProtocol protocol;
    protocol.name = reader.TakeString();
    protocol.metadata = reader.TakeString();
    member.protocols.push_back(std::move(protocol));
  }
  return member;
}

}  // namespace

std::string GroupRecord::Encode() const {
  std::string out;
  PutBigEndian(out, kVersion);
  PutBigEndian(out, generation);
  PutString(out, protocol_type);
  PutOptional(out, protocol_name);
  PutOptional(out, leader);
  PutBigEndian(out, static_cast<std::uint32_t>(members.size()));
  for (const Member& member : members) PutMember(out, member);
  PutBigEndian(out, empty_since);
  return out;
}

absl::StatusOr<GroupRecord> GroupRecord::Decode(std::string_view bytes) {
  StateReader reader{bytes};
  const auto version = reader.Take<std::uint8_t>();
  if (version != kVersion && version != kVersionWithoutEmptySince) {
    return absl::DataLossError("the state of a consumer group is of an unknown version");
  }
  GroupRecord record;
  record.generation = reader.Take<std::int32_t>();
  record.protocol_type = reader.TakeString();
  record.protocol_name = TakeOptional(reader);
  record.leader = TakeOptional(reader);
  const auto count = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.good; ++i) {
    record.members.push_back(TakeMember(reader));
  }
  if (version != kVersionWithoutEmptySince) record.empty_since = reader.Take<std::int64_t>();
  if (!reader.Ended()) return absl::DataLossError("the state of a consumer group is damaged");
  return record;
}

}  // namespace wherry::core
