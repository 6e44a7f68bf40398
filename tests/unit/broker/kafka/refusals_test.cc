// Every API's refusal: an error where its responses have theirs.
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "broker/kafka/api_table.h"
#include "tests/unit/broker/kafka/cluster_fixture.h"

namespace wherry::kafka {
namespace {

namespace json = boost::json;

class RefusalsTest : public ClusterFixture {
 protected:
  // The refusal of this request; nullopt: the connection is closed instead.
  std::optional<json::value> Refuse(const ApiRow& row, std::int16_t version,
                                    std::string_view body) {
    const bool flexible = row.IsFlexible(version);
    const auto slot = std::make_shared<ResponseSlot>();
    slot->version = version;
    slot->flexible = slot->flexible_header = flexible;
    slot->changed = [] {};
    On([&] {
      const Call call{*cluster_, version, "client", address_, address_};
      EXPECT_TRUE(row.refuse(call, body, flexible, ErrorCode::kNotCoordinator, slot));
    });
    if (slot->state == ResponseSlot::State::kClosing) return std::nullopt;
    EXPECT_EQ(slot->state, ResponseSlot::State::kReady);
    const std::string frame = slot->frame.Flat();
    return row.response
        .decode(std::string_view(frame).substr(flexible ? 9 : 8), version, flexible)
        .value();
  }
};

// The error codes in a response, wherever they are.
void CollectErrors(const json::value& value, std::vector<std::int64_t>& errors) {
  if (value.is_array()) {
    for (const json::value& element : value.as_array()) CollectErrors(element, errors);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      if (name == "ErrorCode" || name == "PartitionErrorCode") errors.push_back(member.as_int64());
      CollectErrors(member, errors);
    }
  }
}

// A request that names one of everything that its arrays hold, made of a random one.
std::string RequestOf(const ApiRow& row, std::int16_t version) {
  wire::RandomFiller::Random random(7);
  const auto full = [](const json::value& value) {
    return json::serialize(value).find("[]") == std::string::npos;
  };
  for (int tries = 0; tries < 10000; ++tries) {
    const bool flexible = row.IsFlexible(version);
    const std::string bytes = row.request.random(random, version, flexible);
    if (full(row.request.decode(bytes, version, flexible).value())) return bytes;
  }
  ADD_FAILURE() << row.name << " " << version << ": no random request without an empty array";
  return "";
}

TEST_F(RefusalsTest, EveryApiInEveryVersionSaysTheError) {
  for (const ApiRow* row : ApiTable()) {
    for (std::int16_t version = row->min_version; version <= row->max_version; ++version) {
      const std::string body = RequestOf(*row, version);
      const std::optional<json::value> response = Refuse(*row, version, body);
      if (!response.has_value()) continue;  // acks=0
      std::vector<std::int64_t> errors;
      CollectErrors(*response, errors);
      const json::value request =
          row->request.decode(body, version, row->IsFlexible(version)).value();
      // Metadata has an error for each topic that is asked for, ElectLeaders 0 for each partition;
      // null asks for all, and there are none.
      constexpr std::int16_t kMetadata = 3, kElectLeaders = 43;
      if (row->key == kMetadata && request.at("Topics").is_null()) continue;
      if (row->key == kElectLeaders && request.at("TopicPartitions").is_null()) continue;
      EXPECT_THAT(errors, ::testing::Contains(16)) << row->name << " " << version;
      // What Fetch says of the whole is about its session.
      constexpr std::int16_t kFetch = 1;
      if (row->key == kFetch) continue;
      EXPECT_THAT(errors, ::testing::Each(16)) << row->name << " " << version;
    }
  }
}

}  // namespace
}  // namespace wherry::kafka
