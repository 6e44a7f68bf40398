// Every Kafka schema, by its row in the table: any bytes decode to a value or to an error; what
// decoded goes through JSON and back without a change; random messages survive the round trip.
//
// Input: a byte for the API, one for the version, one that chooses (bit 0: response or request,
// bit 1: a random message whose seed follows, else bytes), then the message.

#include <memory>
#include <random>
#include <string>

#include "broker/kafka/api_table.h"
#include "tests/fuzz/fuzz.h"

namespace wherry::kafka {
namespace {

struct Chosen {
  const Schema& schema;
  int version;
  bool flexible;
};

// The bytes as JSON, as bytes again, as JSON again. Compared as bytes: JSON has NaN, which is not
// equal to itself. `canonical`: they are what our encoder wrote, and must come out as they went in.
void RoundTrip(const Chosen& chosen, std::string_view bytes, bool canonical) {
  const auto decoded = chosen.schema.decode(bytes, chosen.version, chosen.flexible);
  FUZZ_CHECK(decoded.ok() || !canonical);
  if (!decoded.ok()) return;
  const auto encoded = chosen.schema.encode(*decoded, chosen.version, chosen.flexible);
  FUZZ_CHECK(encoded.ok());
  if (canonical) FUZZ_CHECK(*encoded == bytes);
  const auto again = chosen.schema.decode(*encoded, chosen.version, chosen.flexible);
  FUZZ_CHECK(again.ok());
  const auto encoded_again = chosen.schema.encode(*again, chosen.version, chosen.flexible);
  FUZZ_CHECK(encoded_again.ok() && *encoded_again == *encoded);
}

// Cut anywhere a message is an error, and never reads on (the copy has its exact size).
void Cut(const Chosen& chosen, std::string_view bytes, std::size_t size) {
  const auto exact = std::make_unique<char[]>(size);
  std::copy_n(bytes.data(), size, exact.get());
  const auto decoded = chosen.schema.decode({exact.get(), size}, chosen.version, chosen.flexible);
  FUZZ_CHECK(!decoded.ok() || size == bytes.size());
}

}  // namespace
}  // namespace wherry::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::kafka;  // NOLINT
  wherry::fuzz::Input input(data, size);
  const auto table = ApiTable();
  const ApiRow& row = *table[input.Below(table.size())];
  const auto versions = static_cast<std::size_t>(row.max_version - row.min_version + 1);
  const auto version =
      static_cast<std::int16_t>(row.min_version + static_cast<std::int16_t>(input.Below(versions)));
  const std::uint8_t kind = input.Byte();
  const Chosen chosen{(kind & 1) != 0 ? row.response : row.request, version,
                      row.IsFlexible(version)};
  if ((kind & 2) == 0) {
    RoundTrip(chosen, input.rest(), false);
    return 0;
  }
  wherry::wire::RandomFiller::Random random(input.Number(8));
  const std::string bytes = chosen.schema.random(random, version, chosen.flexible);
  RoundTrip(chosen, bytes, true);
  if (!bytes.empty()) Cut(chosen, bytes, input.Number(2) % bytes.size());
  // One byte of it is another.
  if (bytes.empty() || input.empty()) return 0;
  std::string changed = bytes;
  changed[input.Number(2) % changed.size()] = static_cast<char>(input.Byte());
  RoundTrip(chosen, changed, false);
  return 0;
}
