#include "tests/bench/send_stream.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/bench/stamp.h"

namespace wherry::bench {

SendStream::SendStream(Wire wire, const std::vector<std::string>& subjects, std::uint32_t publisher,
                       std::size_t payload)
    : publisher_(publisher), payload_(payload) {
  std::vector<std::string> lines;
  for (const std::string& subject : subjects) {
    lines.push_back(wire == Wire::kNats ? absl::StrCat("PUB ", subject, " ", payload, "\r\n")
                                        : absl::StrCat("MSG ", subject, " 1 ", payload, "\r\n"));
  }
  offset_ = lines.front().size();
  stride_ = offset_ + payload + 2;
  block_messages_ = std::max<std::size_t>(1, kBlockBytes / stride_);
  stream_messages_ = std::max(block_messages_, subjects.size());
  bytes_.reserve(stream_messages_ * stride_);
  for (std::size_t i = 0; i < stream_messages_; ++i) {
    bytes_.append(lines[i % lines.size()]);
    const std::size_t at = bytes_.size();
    bytes_.resize(at + payload);
    WritePayload(bytes_.data() + at, payload, {publisher, 0});
    bytes_.append("\r\n");
  }
}

std::string_view SendStream::Next(std::uint64_t first, std::uint64_t limit) {
  const std::size_t from = first % stream_messages_;
  const std::size_t count =
      std::min({static_cast<std::size_t>(limit), block_messages_, stream_messages_ - from});
  char* const begin = bytes_.data() + from * stride_;
  char* payload = begin + offset_;
  for (std::size_t i = 0; i < count; ++i, payload += stride_) {
    Restamp(payload, payload_, {publisher_, first + i});
  }
  return {begin, count * stride_};
}

}  // namespace wherry::bench
