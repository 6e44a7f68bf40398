// Kafka's messages as we read and write them, to be compared with what another implementation does.
//
//   kafka_messages write SEED COUNT   writes COUNT random messages of every API, kind and version,
//                                     a line each: "key kind version hex"
//   kafka_messages check              reads such lines; each must decode, and encode to the same
//
// "kind" is "request" or "response". Exit status 1: something differs.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "broker/kafka/api_table.h"
#include "protocol/wire/json.h"

namespace wherry::kafka {
namespace {

constexpr int kShownFailures = 20;

void Write(std::uint64_t seed, int count) {
  wire::RandomFiller::Random random(seed);
  for (const ApiRow* row : ApiTable()) {
    for (std::int16_t version = row->min_version; version <= row->max_version; ++version) {
      for (const bool response : {false, true}) {
        const Schema& schema = response ? row->response : row->request;
        for (int i = 0; i < count; ++i) {
          std::cout << row->key << (response ? " response " : " request ") << version << ' '
                    << wire::ToHex(schema.random(random, version, row->IsFlexible(version)))
                    << '\n';
        }
      }
    }
  }
}

// "": the bytes came out as they went in.
std::string Complaint(const ApiRow& row, const Schema& schema, std::int16_t version,
                      std::string_view bytes) {
  const bool flexible = row.IsFlexible(version);
  const auto decoded = schema.decode(bytes, version, flexible);
  if (!decoded.ok()) return std::string(decoded.status().message());
  const auto encoded = schema.encode(*decoded, version, flexible);
  if (!encoded.ok()) return std::string(encoded.status().message());
  return *encoded == bytes ? "" : "written again: " + wire::ToHex(*encoded);
}

int Check() {
  long messages = 0, failures = 0;
  std::map<std::string_view, int> apis;
  for (std::string line; std::getline(std::cin, line); ++messages) {
    std::istringstream words(line);
    std::int16_t key = -1, version = -1;
    std::string kind, hex;
    words >> key >> kind >> version >> hex;
    const ApiRow* const row = FindApi(key);
    const auto bytes = wire::FromHex(hex);
    if (row == nullptr || !bytes.has_value()) {
      std::cout << "no message: " << line << '\n';
      return 1;
    }
    ++apis[row->name];
    const Schema& schema = kind == "response" ? row->response : row->request;
    const std::string complaint = Complaint(*row, schema, version, *bytes);
    if (complaint.empty() || ++failures > kShownFailures) continue;
    std::cout << row->name << ' ' << kind << ' ' << version << ": " << hex << "\n  " << complaint
              << '\n';
  }
  std::cout << "we read and wrote " << messages << " messages of " << apis.size() << " APIs; "
            << failures << " differ\n";
  return failures == 0 && messages > 0 ? 0 : 1;
}

}  // namespace
}  // namespace wherry::kafka

int main(int count, char** arguments) {
  const std::string_view what = count > 1 ? arguments[1] : "";
  if (what == "write" && count == 4) {
    wherry::kafka::Write(std::strtoull(arguments[2], nullptr, 10), std::atoi(arguments[3]));
    return 0;
  }
  if (what == "check" && count == 2) return wherry::kafka::Check();
  std::cerr << "usage: kafka_messages write SEED COUNT | check\n";
  return 2;
}
