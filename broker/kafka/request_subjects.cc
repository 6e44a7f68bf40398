#include "broker/kafka/request_subjects.h"

#include <algorithm>

#include "protocol/kafka/consumer_assignment.h"
#include "protocol/kafka/record_batch.h"

namespace wherry::kafka {

namespace {

bool Has(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

template <typename... Names>
bool IsOneOf(std::string_view name, Names... names) {
  return ((name == names) || ...);
}

// Where the batches, which follow one another, end.
std::optional<std::int64_t> EndOf(std::string_view batches) {
  std::optional<std::int64_t> end;
  while (const std::optional<BatchHeader> header = ParseBatchHeader(batches)) {
    if (header->batch_length < 0 || header->size() > batches.size()) break;
    end = header->base_offset + header->last_offset_delta + 1;
    batches.remove_prefix(header->size());
  }
  return end;
}

}  // namespace

bool RequestSubjects::HasTopic(std::string_view topic) const { return Has(topics, topic); }
bool RequestSubjects::HasGroup(std::string_view group) const { return Has(groups, group); }

void SubjectCollector::AddTopic(const std::string& topic) {
  topic_ = topic;
  if (!topic.empty() && !found_.HasTopic(topic)) found_.topics.push_back(topic);
}

void SubjectCollector::AddGroup(const std::string& group) {
  if (!group.empty() && !found_.HasGroup(group)) found_.groups.push_back(group);
}

void SubjectCollector::SeeText(std::string_view name, const std::string& text) {
  // "Name" is that of many things.
  const bool names_topic =
      name == "Name" &&
      IsOneOf(array_, "Topics", "TopicData", "Responses", "V3AndBelowTopics");
  constexpr std::int64_t kTopicResource = 2;
  if (names_topic || IsOneOf(name, "Topic", "TopicName", "TopicNames") ||
      (name == "ResourceName" && resource_type_ == kTopicResource)) {
    AddTopic(text);
  } else if (IsOneOf(name, "GroupId", "Groups", "GroupsNames") ||
             (IsOneOf(name, "Key", "CoordinatorKeys") && key_type_ == 0)) {
    AddGroup(text);
  } else if (IsOneOf(name, "TransactionalId", "TransactionalIds")) {
    found_.transactional_ids.push_back(text);
  }
}

void SubjectCollector::SeeNumber(std::string_view name, std::int64_t number) {
  if (name == "KeyType") {
    key_type_ = number;
    // In older versions it stands behind the key.
    if (number != 0) found_.groups.clear();
  } else if (name == "ResourceType") {
    resource_type_ = number;
  } else if (topic_.empty()) {
    return;
  } else if (IsOneOf(name, "Partition", "PartitionIndex", "Index", "PartitionIndexes")) {
    found_.places.push_back({topic_, static_cast<std::int32_t>(number), -1});
  } else if (IsOneOf(name, "FetchOffset", "CommittedOffset", "BaseOffset", "Offset", "Timestamp") &&
             !found_.places.empty()) {
    found_.places.back().offset = number;
  }
}

void SubjectCollector::SeeBytes(std::string_view name, const wire::Bytes& bytes) {
  // The leader's request holds those of all members, in an array.
  if (name != "Assignment" || !array_.empty()) return;
  const auto assignment = ParseConsumerAssignment(bytes.value);
  if (!assignment.has_value()) return;
  for (const auto& [topic, partitions] : *assignment) {
    AddTopic(topic);
    for (const std::int32_t partition : partitions) found_.places.push_back({topic, partition, -1});
  }
}

void SubjectCollector::SeeRecords(const wire::Records& records) {
  // Those of a response: a producer's have no offsets yet.
  if (array_ != "Partitions" || found_.places.empty()) return;
  std::optional<std::int64_t> end = EndOf(records.view);
  for (const auto& batch : records.batches) {
    if (const auto batch_end = EndOf(*batch); batch_end.has_value()) end = batch_end;
  }
  if (end.has_value()) found_.places.back().offset = *end;
}

}  // namespace wherry::kafka
