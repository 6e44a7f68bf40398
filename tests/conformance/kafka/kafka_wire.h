#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/conformance/support/raw_socket.h"

// Just enough of Kafka's protocol to send what no client would.
namespace wherry::conformance {

// Big-endian bytes, appended piece by piece. Threads: a value.
class KafkaBytes {
 public:
  KafkaBytes& Int8(std::int8_t value) { return Integer(value, 1); }
  KafkaBytes& Int16(std::int16_t value) { return Integer(value, 2); }
  KafkaBytes& Int32(std::int32_t value) { return Integer(value, 4); }
  KafkaBytes& Int64(std::int64_t value) { return Integer(value, 8); }
  // A length of two bytes and the text, as classic versions have it.
  KafkaBytes& String(std::string_view text) {
    Int16(static_cast<std::int16_t>(text.size()));
    return Raw(text);
  }
  KafkaBytes& Raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  KafkaBytes& Integer(std::int64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<char>(value >> shift));
    }
    return *this;
  }

  std::string bytes_;
};

// Reads big-endian bytes; past the end it yields zeros and ok() is false. Threads: a value.
class KafkaReader {
 public:
  explicit KafkaReader(std::string_view bytes) : rest_(bytes) {}
  std::int8_t Int8() { return static_cast<std::int8_t>(Integer(1)); }
  std::int16_t Int16() { return static_cast<std::int16_t>(Integer(2)); }
  std::int32_t Int32() { return static_cast<std::int32_t>(Integer(4)); }
  std::int64_t Int64() { return Integer(8); }
  std::string_view String() { return Raw(static_cast<std::uint16_t>(Int16())); }
  std::string_view Raw(std::size_t size);
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::int64_t Integer(std::size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

// A request as it goes on the wire: size, header of version 1 (enough for every version that is not
// flexible), body.
std::string KafkaRequest(std::int16_t api_key, std::int16_t version, std::int32_t correlation_id,
                         std::string_view body);
// Reads one response and returns what follows its size; "" if none came in time.
std::string ReadResponse(RawSocket& socket, std::chrono::milliseconds patience = kPatience);

// A batch of partition 0, as a fetch of version 4 brings it.
struct FetchedBatch {
  std::int16_t error = -1;
  int codec = -1;
  std::int64_t base_offset = -1;
  std::int32_t record_count = -1;
};
// The one that holds `offset`.
FetchedBatch FetchBatch(const std::string& bootstrap, const std::string& topic,
                        std::int64_t offset);

}  // namespace wherry::conformance
