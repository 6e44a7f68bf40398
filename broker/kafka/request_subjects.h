#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/kafka/error_code.h"
#include "protocol/wire/visitor.h"

namespace wherry::kafka {

// Who knows the names of topics by their ids.
class TopicNames {
 public:
  // "": no such topic.
  virtual std::string NameOf(const wire::Uuid& id) const = 0;

 protected:
  ~TopicNames() = default;
};

// What a request or a response is about, whichever API it is of. A value.
struct RequestSubjects {
  // A partition that the message names, and the number that it gives with it.
  struct Place {
    std::string topic;
    std::int32_t partition = -1;
    // Of a request: what is asked for or committed (Fetch, OffsetCommit), or the timestamp that is
    // looked up (ListOffsets). Of a response: where the records begin (Produce), what was found
    // (ListOffsets), or the offset behind the last record that is sent (Fetch). -1: none. What
    // SyncGroup assigns to a consumer are places of its response.
    std::int64_t offset = -1;
    bool operator==(const Place&) const = default;
  };

  std::vector<std::string> topics;  // each once, in the order of the message
  std::vector<std::string> groups;  // likewise
  std::vector<std::string> transactional_ids;
  std::vector<Place> places;
  ErrorCode error = ErrorCode::kNone;  // the first that a response holds

  bool HasTopic(std::string_view topic) const;
  bool HasGroup(std::string_view group) const;
};

// Finds the subjects of a message by the names of its fields, through its Visit: a new API needs no
// line here as long as it calls things what Kafka's schemas call them.
//
//   RequestSubjects subjects;
//   SubjectCollector(subjects, version, cluster.topics()).Collect(request);
//
// Topics that are named by their id alone are found as far as `names` knows them.
// Threads: none of its own. What it fills, and `names`, must outlive it.
class SubjectCollector : public wire::Vocabulary<SubjectCollector> {
 public:
  SubjectCollector(RequestSubjects& found, int version, const TopicNames& names)
      : found_(found), version_(version), names_(names) {}

  template <typename M>
  void Collect(const M& message) {
    M::Visit(*this, message);
  }
  int version() const { return version_; }

  template <typename T>
  void Take(const char* name, const T& value, bool) {
    See(name, value);
  }
  template <typename T, typename D>
  void TakeTagged(std::uint32_t, const char* name, const T& value, const D&) {
    See(name, value);
  }

 private:
  template <typename T>
  void See(std::string_view name, const T& value) {
    if constexpr (std::is_same_v<T, ErrorCode>) {
      if (found_.error == ErrorCode::kNone) found_.error = value;
    } else if constexpr (std::is_integral_v<T>) {
      SeeNumber(name, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_class_v<T>) {
      T::Visit(*this, value);
    }
  }
  void See(std::string_view name, const std::string& text) { SeeText(name, text); }
  void See(std::string_view name, const wire::Bytes& bytes) { SeeBytes(name, bytes); }
  void See(std::string_view name, const wire::Uuid& id) {
    if (name == "TopicId" && !id.is_zero()) AddTopic(names_.NameOf(id));
  }
  void See(std::string_view, const wire::Records& records) { SeeRecords(records); }
  template <typename T>
  void See(std::string_view name, const std::optional<T>& value) {
    if (value.has_value()) See(name, *value);
  }
  template <typename T>
  void See(std::string_view name, const std::vector<T>& values) {
    const std::string_view outer = std::exchange(array_, name);
    for (const T& value : values) See(name, value);
    array_ = outer;
  }

  void SeeText(std::string_view name, const std::string& text);
  void SeeNumber(std::string_view name, std::int64_t number);
  void SeeRecords(const wire::Records& records);
  void SeeBytes(std::string_view name, const wire::Bytes& bytes);
  void AddTopic(const std::string& topic);
  void AddGroup(const std::string& group);

  RequestSubjects& found_;
  const int version_;
  const TopicNames& names_;
  std::string_view array_;          // the innermost that we are in
  std::string topic_;               // whose partitions follow
  std::int64_t key_type_ = 0;       // FindCoordinator: 0 asks for groups
  std::int64_t resource_type_ = 0;  // DescribeConfigs: 2 asks for a topic
};

}  // namespace wherry::kafka
