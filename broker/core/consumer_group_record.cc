#include "broker/core/consumer_group_record.h"

#include <chrono>

#include "broker/core/state_codec.h"

namespace wherry::core {

namespace {

constexpr std::uint8_t kVersion = 1;

void PutPartitions(std::string& out, const PartitionsOfTopics& all) {
  PutBigEndian(out, static_cast<std::uint32_t>(all.size()));
  for (const auto& [topic, partitions] : all) {
    out.append(reinterpret_cast<const char*>(topic.data()), topic.size());
    PutBigEndian(out, static_cast<std::uint32_t>(partitions.size()));
    for (const std::int32_t partition : partitions) PutBigEndian(out, partition);
  }
}

PartitionsOfTopics TakePartitions(StateReader& reader) {
  PartitionsOfTopics all;
  const auto topics = reader.Take<std::uint32_t>();
  for (std::uint32_t t = 0; t < topics && reader.good; ++t) {
    TopicId topic{};
    for (std::uint8_t& byte : topic) byte = reader.Take<std::uint8_t>();
    std::set<std::int32_t>& partitions = all[topic];
    const auto count = reader.Take<std::uint32_t>();
    for (std::uint32_t p = 0; p < count && reader.good; ++p) {
      partitions.insert(partitions.end(), reader.Take<std::int32_t>());
    }
  }
  return all;
}

void PutAssignment(std::string& out, const MemberAssignment& has) {
  PutBigEndian(out, static_cast<std::uint8_t>(has.state));
  PutBigEndian(out, has.epoch);
  PutBigEndian(out, has.previous_epoch);
  PutPartitions(out, has.assigned);
  PutPartitions(out, has.revoking);
}

MemberAssignment TakeAssignment(StateReader& reader) {
  MemberAssignment has;
  const auto state = reader.Take<std::uint8_t>();
  if (state > static_cast<std::uint8_t>(MemberState::kUnreleased)) reader.good = false;
  has.state = static_cast<MemberState>(state);
  has.epoch = reader.Take<std::int32_t>();
  has.previous_epoch = reader.Take<std::int32_t>();
  has.assigned = TakePartitions(reader);
  has.revoking = TakePartitions(reader);
  return has;
}

void PutClassic(std::string& out, const std::optional<ConsumerMemberRecord::Classic>& classic) {
  PutBigEndian(out, static_cast<std::uint8_t>(classic.has_value()));
  if (!classic.has_value()) return;
  PutMillis(out, classic->session_timeout);
  PutBigEndian(out, static_cast<std::uint32_t>(classic->protocols.size()));
  for (const GroupProtocol& protocol : classic->protocols) {
    PutString(out, protocol.name);
    PutString(out, protocol.metadata);
  }
}

std::optional<ConsumerMemberRecord::Classic> TakeClassic(StateReader& reader) {
  const auto present = reader.Take<std::uint8_t>();
  if (present > 1) reader.good = false;
  if (present != 1) return std::nullopt;
  ConsumerMemberRecord::Classic classic;
  classic.session_timeout = TakeMillis(reader);
  const auto count = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.good; ++i) {
    GroupProtocol protocol;
    protocol.name = reader.TakeString();
    protocol.metadata = reader.TakeString();
    classic.protocols.push_back(std::move(protocol));
  }
  return classic;
}

}  // namespace

std::string ConsumerGroupRecord::Encode() const {
  std::string out;
  PutBigEndian(out, kVersion);
  PutBigEndian(out, epoch);
  PutBigEndian(out, assignment_epoch);
  PutBigEndian(out, topics_hash);
  return out;
}

absl::StatusOr<ConsumerGroupRecord> ConsumerGroupRecord::Decode(std::string_view bytes) {
  StateReader reader{bytes};
  if (reader.Take<std::uint8_t>() != kVersion) {
    return absl::DataLossError("the state of a consumer group is of an unknown version");
  }
  ConsumerGroupRecord record;
  record.epoch = reader.Take<std::int32_t>();
  record.assignment_epoch = reader.Take<std::int32_t>();
  record.topics_hash = reader.Take<std::uint64_t>();
  if (!reader.Ended()) return absl::DataLossError("the state of a consumer group is damaged");
  return record;
}

std::string ConsumerMemberRecord::Encode() const {
  std::string out;
  PutBigEndian(out, kVersion);
  PutOptional(out, instance_id);
  PutOptional(out, rack_id);
  PutString(out, client_id);
  PutString(out, client_host);
  PutMillis(out, rebalance_timeout);
  PutBigEndian(out, static_cast<std::uint32_t>(topics.size()));
  for (const std::string& topic : topics) PutString(out, topic);
  PutString(out, pattern);
  PutOptional(out, assignor);
  PutAssignment(out, has);
  PutPartitions(out, target);
  PutClassic(out, classic);
  return out;
}

absl::StatusOr<ConsumerMemberRecord> ConsumerMemberRecord::Decode(std::string_view bytes) {
  StateReader reader{bytes};
  if (reader.Take<std::uint8_t>() != kVersion) {
    return absl::DataLossError("the state of a group's member is of an unknown version");
  }
  ConsumerMemberRecord record;
  record.instance_id = TakeOptional(reader);
  record.rack_id = TakeOptional(reader);
  record.client_id = reader.TakeString();
  record.client_host = reader.TakeString();
  record.rebalance_timeout = TakeMillis(reader);
  const auto topics = reader.Take<std::uint32_t>();
  for (std::uint32_t i = 0; i < topics && reader.good; ++i) {
    record.topics.insert(record.topics.end(), reader.TakeString());
  }
  record.pattern = reader.TakeString();
  record.assignor = TakeOptional(reader);
  record.has = TakeAssignment(reader);
  record.target = TakePartitions(reader);
  record.classic = TakeClassic(reader);
  if (!reader.Ended()) return absl::DataLossError("the state of a group's member is damaged");
  return record;
}

}  // namespace wherry::core
