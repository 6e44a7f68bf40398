#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/connection.h"

namespace wherry::bench {

// Messages of one publisher, built once and sent over and over with new stamps.
// Threads: one at a time. Owned by a publisher.
//
// All messages have the same length, so the payload of message i lies at i * stride + offset.
class SendStream {
 public:
  // Message i of the stream goes to subjects[i % n]; all subjects have the same length. With
  // Wire::kFloor the bytes are those a NATS server would deliver under sid 1.
  SendStream(Wire wire, const std::vector<std::string>& subjects, std::uint32_t publisher,
             std::size_t payload);

  // Stamps messages from `first` on and returns them: `limit` of them, or fewer when the block
  // ends.
  std::string_view Next(std::uint64_t first, std::uint64_t limit);
  std::size_t block_messages() const { return block_messages_; }
  std::size_t stride() const { return stride_; }

 private:
  static constexpr std::size_t kBlockBytes = 128 * 1024;

  const std::uint32_t publisher_;
  const std::size_t payload_;
  std::size_t stride_ = 0;
  std::size_t offset_ = 0;          // of the payload in a message
  std::size_t block_messages_ = 0;  // sent with one call
  std::size_t stream_messages_ = 0;
  std::string bytes_;
};

}  // namespace wherry::bench
