#include "tests/crash/fetched_log.h"

#include <map>
#include <set>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "protocol/kafka/record_batch.h"
#include "protocol/wire/json.h"

namespace wherry::crash {

namespace {

// The last version without sessions.
constexpr std::int16_t kFetch = 1, kFetchVersion = 6;
constexpr int kMaxBytes = 1 << 20;

// By producer: where each of its aborted transactions begins.
using Aborted = std::map<std::int64_t, std::set<std::int64_t>>;

Aborted AbortedIn(const boost::json::value& part) {
  Aborted aborted;
  const auto* const list = part.at("AbortedTransactions").if_array();
  if (list == nullptr) return aborted;
  for (const boost::json::value& one : *list) {
    aborted[one.at("ProducerId").to_number<std::int64_t>()].insert(
        one.at("FirstOffset").to_number<std::int64_t>());
  }
  return aborted;
}

bool IsLeftOut(const kafka::BatchHeader& header, std::set<std::int64_t>& first) {
  const bool in_aborted = !first.empty() && *first.begin() <= header.base_offset;
  if (!header.is_control()) return header.is_transactional() && in_aborted;
  // The marker ends the transaction that began first.
  if (in_aborted && *first.begin() < header.base_offset) first.erase(first.begin());
  return true;
}

}  // namespace

FetchedLog FetchedLog::Fetch(KafkaCaller& caller, const std::string& topic, int partition,
                             bool committed_only) {
  FetchedLog log;
  std::int64_t offset = 0;
  while (true) {
    const boost::json::object wanted{
        {"Partition", partition}, {"FetchOffset", offset}, {"PartitionMaxBytes", kMaxBytes}};
    const auto answer = caller.Call(
        kFetch, kFetchVersion,
        {{"ReplicaId", -1},
         {"MaxWaitMs", 0},
         {"MinBytes", 0},
         {"MaxBytes", kMaxBytes},
         {"IsolationLevel", committed_only ? 1 : 0},
         {"Topics", {{{"Topic", topic}, {"Partitions", boost::json::array{wanted}}}}}});
    log.error = -1;
    if (!answer.has_value()) return log;
    const boost::json::value& part = answer->at("Responses").at(0).at("Partitions").at(0);
    log.error = part.at("ErrorCode").to_number<int>();
    if (log.error != 0 || part.at("Records").is_null()) return log;
    const std::string bytes = *wire::FromHex(part.at("Records").as_string());
    if (bytes.empty()) return log;
    Aborted aborted = AbortedIn(part);
    for (std::string_view rest = bytes; rest.size() > kafka::kBatchHeaderSize;) {
      const kafka::BatchHeader header = *kafka::ParseBatchHeader(rest);
      const std::string_view batch = rest.substr(0, header.size());
      rest.remove_prefix(header.size());
      offset = header.base_offset + header.last_offset_delta + 1;
      const kafka::CheckedBatch checked = kafka::CheckBatch(batch);
      EXPECT_TRUE(checked.fault == kafka::BatchFault::kNone ||
                  checked.fault == kafka::BatchFault::kControl)
          << topic << " at offset " << header.base_offset << ": " << checked.message;
      const bool left_out = IsLeftOut(header, aborted[header.producer_id]);
      if (header.is_control() || (committed_only && left_out)) continue;
      EXPECT_TRUE(kafka::ForEachRecord(batch, [&](const kafka::Record& record) {
                    log.entries.emplace_back(record.offset, std::string(record.value.value_or("")));
                    return true;
                  }).ok());
    }
  }
}

}  // namespace wherry::crash
