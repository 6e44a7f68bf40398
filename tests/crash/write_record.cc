#include "tests/crash/write_record.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "protocol/kafka/record_batch.h"
#include "protocol/wire/json.h"

namespace wherry::crash {

namespace {

constexpr std::int16_t kProduce = 0, kProduceVersion = 7;
constexpr std::int16_t kMetadata = 3, kMetadataVersion = 4;
constexpr std::int64_t kTimestamp = 1'700'000'000'000;
constexpr int kUnknownTopic = 3;

}  // namespace

std::optional<std::int64_t> WriteRecord(KafkaCaller& caller, const std::string& topic,
                                        const std::string& value) {
  kafka::BatchBuilder builder;
  builder.Add(kTimestamp, std::nullopt, value);
  const boost::json::object batch{{"Index", 0}, {"Records", wire::ToHex(builder.Build())}};
  const boost::json::object produce{
      {"Acks", -1},
      {"TimeoutMs", 1000},
      {"TransactionalId", nullptr},
      {"TopicData", {{{"Name", topic}, {"PartitionData", boost::json::array{batch}}}}}};
  while (true) {
    const auto answer = caller.Call(kProduce, kProduceVersion, produce);
    if (!answer.has_value()) return std::nullopt;
    const boost::json::value& part =
        answer->at("Responses").at(0).at("PartitionResponses").at(0);
    const int error = part.at("ErrorCode").to_number<int>();
    if (error == 0) return part.at("BaseOffset").to_number<std::int64_t>();
    if (error != kUnknownTopic) {
      ADD_FAILURE() << "writing to " << topic << " gave error " << error;
      return std::nullopt;
    }
    const auto asked = caller.Call(
        kMetadata, kMetadataVersion,
        {{"Topics", {{{"Name", topic}}}}, {"AllowAutoTopicCreation", true}});
    if (!asked.has_value()) return std::nullopt;
  }
}

}  // namespace wherry::crash
