#include "tests/conformance/kafka/kafka_wire.h"

namespace wherry::conformance {
namespace {

constexpr std::int16_t kFetch = 1;
constexpr std::size_t kSizeField = 4;

}  // namespace

std::string_view KafkaReader::Raw(std::size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::int64_t KafkaReader::Integer(std::size_t size) {
  const std::string_view bytes = Raw(size);
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return static_cast<std::int64_t>(value);
}

std::string KafkaRequest(std::int16_t api_key, std::int16_t version, std::int32_t correlation_id,
                         std::string_view body) {
  KafkaBytes request;
  request.Int16(api_key).Int16(version).Int32(correlation_id).String("raw").Raw(body);
  KafkaBytes frame;
  frame.Int32(static_cast<std::int32_t>(request.bytes().size())).Raw(request.bytes());
  return frame.bytes();
}

std::string ReadResponse(RawSocket& socket, std::chrono::milliseconds patience) {
  if (!socket.AwaitBytes(kSizeField, patience)) return "";
  const auto size = static_cast<std::uint32_t>(KafkaReader(socket.received()).Int32());
  if (!socket.AwaitBytes(kSizeField + size, patience)) return "";
  socket.Take(kSizeField);
  return socket.Take(size);
}

FetchedBatch FetchBatch(const std::string& bootstrap, const std::string& topic,
                        std::int64_t offset) {
  KafkaBytes body;
  body.Int32(-1).Int32(500).Int32(1).Int32(1 << 20).Int8(0);  // replica, wait, bytes, isolation
  body.Int32(1).String(topic).Int32(1);                       // one topic, one partition
  body.Int32(0).Int64(offset).Int32(1 << 20);                 // partition 0
  RawSocket socket(bootstrap);
  socket.Send(KafkaRequest(kFetch, 4, 1, body.bytes()));
  const std::string response = ReadResponse(socket);
  KafkaReader reader(response);
  reader.Raw(4 + 4 + 4);  // correlation id, throttle time, number of topics
  reader.String();
  reader.Raw(4 + 4);  // number of partitions, partition
  FetchedBatch batch{.error = reader.Int16()};
  reader.Raw(8 + 8);  // high watermark, last stable offset
  const std::int32_t aborted = reader.Int32();
  if (aborted > 0) reader.Raw(static_cast<std::size_t>(aborted) * 16);
  reader.Int32();  // size of the records
  batch.base_offset = reader.Int64();
  reader.Raw(4 + 4 + 1 + 4);  // length, leader epoch, magic, checksum
  batch.codec = reader.Int16() & 7;
  reader.Raw(4 + 8 + 8 + 8 + 2 + 4);  // last offset delta, timestamps, producer
  batch.record_count = reader.Int32();
  return reader.ok() ? batch : FetchedBatch{};
}

}  // namespace wherry::conformance
