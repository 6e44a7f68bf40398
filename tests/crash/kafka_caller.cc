#include "tests/crash/kafka_caller.h"

#include <gtest/gtest.h>

#include "broker/kafka/api_table.h"
#include "protocol/wire/cursor.h"

namespace wherry::crash {

void KafkaCaller::Connect() {
  if (socket_ == nullptr) socket_ = std::make_unique<conformance::RawSocket>(address_);
}

bool KafkaCaller::Send(std::int16_t key, std::int16_t version, const boost::json::value& body) {
  Connect();
  const kafka::ApiRow* const row = kafka::FindApi(key);
  asked_ = {key, version};
  const auto encoded = row->request.encode(body, version, row->IsFlexible(version));
  EXPECT_TRUE(encoded.ok()) << encoded.status();
  std::string frame;
  wire::Writer writer(frame);
  writer.Int(key);
  writer.Int(version);
  writer.Int(++correlation_id_);
  writer.Int(std::int16_t{-1});                              // no client id
  if (row->IsFlexible(version)) writer.Int(std::uint8_t{0});  // no tagged fields
  writer.Bytes(*encoded);
  std::string sized;
  wire::Writer(sized).Int(static_cast<std::int32_t>(frame.size()));
  if (socket_->Send(sized + frame)) return true;
  socket_.reset();
  return false;
}

std::optional<boost::json::value> KafkaCaller::Await() {
  if (socket_ == nullptr) return std::nullopt;
  if (!socket_->AwaitBytes(sizeof(std::int32_t))) {
    socket_.reset();
    return std::nullopt;
  }
  wire::Reader size(socket_->received());
  const auto frame_size = static_cast<std::size_t>(size.Int<std::int32_t>());
  if (!socket_->AwaitBytes(sizeof(std::int32_t) + frame_size)) {
    socket_.reset();
    return std::nullopt;
  }
  const std::string frame = socket_->Take(sizeof(std::int32_t) + frame_size);
  const kafka::ApiRow* const row = kafka::FindApi(asked_.key);
  const bool flexible = row->IsFlexible(asked_.version);
  std::size_t header = 2 * sizeof(std::int32_t);
  if (flexible && !row->old_response_header) ++header;
  const auto decoded = row->response.decode(std::string_view(frame).substr(header), asked_.version,
                                            flexible);
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded.ok() ? std::optional(*decoded) : std::nullopt;
}

std::optional<boost::json::value> KafkaCaller::Call(std::int16_t key, std::int16_t version,
                                                    const boost::json::value& body) {
  if (!Send(key, version, body)) return std::nullopt;
  return Await();
}

}  // namespace wherry::crash
