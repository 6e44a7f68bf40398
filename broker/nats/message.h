#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace wherry::nats {

// One message on its way to its subscribers. Views; valid during the delivery.
struct Message {
  std::string_view subject;
  std::string_view reply;
  std::int32_t header_size = -1;  // -1: no headers
  std::string_view payload;       // headers and body, without the closing CRLF
  // What follows "MSG subject sid " on the wire, to the closing CRLF.
  std::string_view tail;
  // The same for a subscriber without headers; empty where it does not differ.
  std::string_view stripped_tail;
  // Keeps the bytes of `tail` alive beyond the delivery; null where they must be copied.
  std::shared_ptr<const void> owner;

  bool has_headers() const { return header_size >= 0; }
};

// Messages of one publisher that follow one another on one subject, without replies and headers:
// what is looked up and checked once for all of them. Views; valid during the delivery.
struct MessageRun {
  std::string_view subject;
  // What follows "MSG subject sid " on the wire, to the closing CRLF, for each message.
  std::vector<std::string_view> tails;
  std::size_t tail_bytes = 0;
  std::size_t payload_bytes = 0;
  std::size_t messages = 0;  // as many as tails, or counted without them

  void Add(std::string_view tail, std::size_t payload_size) {
    tails.push_back(tail);
    tail_bytes += tail.size();
    Count(payload_size);
  }
  // A message that nobody will get: only its number matters.
  void Count(std::size_t payload_size) {
    payload_bytes += payload_size;
    ++messages;
  }
  void Clear() {
    tails.clear();
    tail_bytes = 0;
    payload_bytes = 0;
    messages = 0;
  }
  // "MSG subject sid " and the tail, for each message, one behind the other.
  std::size_t WireSize(std::string_view prefix) const {
    return tails.size() * prefix.size() + tail_bytes;
  }
  // Writes WireSize(prefix) bytes.
  void Format(std::string_view prefix, char* at) const;
  // The message at `index`, for whoever takes them one by one.
  Message At(std::size_t index) const;
};

// A run as the wire has it, for subscribers whose sids are equal.
struct FormattedRun {
  std::string_view bytes;
  std::shared_ptr<const void> owner;  // null: the bytes must be copied
};

}  // namespace wherry::nats
