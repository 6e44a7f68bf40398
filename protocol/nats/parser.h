#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wherry::nats {

// What a NATS client may say. HPUB is kPub with a header_size.
enum class Verb : std::uint8_t { kPub, kSub, kUnsub, kPing, kPong, kConnect, kInfo, kOk };

// One operation of a client. Views into the parsed bytes.
struct Operation {
  Verb verb = Verb::kPing;
  std::string_view subject;  // PUB, SUB
  std::string_view reply;    // PUB
  std::string_view queue;    // SUB
  std::string_view sid;      // SUB, UNSUB
  std::string_view json;     // CONNECT, INFO
  std::int64_t max = 0;      // UNSUB: 0 or less ends the subscription now

  // PUB: headers and body, without the closing CRLF; the first header_size bytes are the headers,
  // -1 stands for PUB (no headers at all).
  std::int32_t header_size = -1;
  std::string_view payload;
  // PUB, where it stands in the client's bytes just as a subscriber gets it: everything from behind
  // "PUB subject " to the closing CRLF. Empty where blanks differ from the canonical form.
  // Example: in "PUB a r 2\r\nhi\r\n" it is "r 2\r\nhi\r\n", and "MSG a 7 " before it is the
  // delivery.
  std::string_view tail;
  // Whether `subject` is that of the operation that this one replaced.
  bool same_subject = false;
};

// What makes a connection end, by the answer it gets (nats-server closes on all of them).
enum class ParseError : std::uint8_t {
  kNone,
  kUnknownOperation,  // -ERR 'Unknown Protocol Operation'
  kControlLine,       // -ERR 'maximum control line exceeded'
  kMaxPayload,        // -ERR 'Maximum Payload Violation'
  kMalformed,         // arguments that make no sense: closed without a word
};

struct ParseLimits {
  std::size_t max_control_line = 4096;  // bytes of a verb's arguments, without the payload
  std::int32_t max_payload = 1024 * 1024;
  bool headers = true;  // HPUB is allowed
};

// Takes client operations off a byte stream. Keeps no bytes and no state: an operation that is not
// complete is left where it is, to be parsed again from its beginning when there is more.
//
// Verbs are case-insensitive, arguments are separated by any number of blanks and tabs, a line ends
// with \n (before it a \r is optional), a payload with \r\n (nats-server's parser).
class Parser {
 public:
  enum class Result : std::uint8_t { kOperation, kNeedMore, kError };

  explicit Parser(const ParseLimits& limits) : limits_(limits) {}

  // Parses the operation at the beginning of `in` and, on kOperation, takes it off. `operation` is
  // new, or still holds the one before, whose bytes must be there yet: messages of one subject
  // often follow one another, and what they share is parsed once.
  // On kNeedMore needed() is the whole operation's size where that is known (its line is complete),
  // else 0. On kError error() says why.
  Result Next(std::string_view& in, Operation& operation);

  // Takes a PUB off `in` that has the subject of `operation`, no reply and the canonical form, and
  // is whole; false, with nothing changed, for anything else. Next tries this first; to call it in
  // a loop of its own pays where a run of messages on one subject is expected.
  bool RepeatPub(std::string_view& in, Operation& operation) const;

  std::size_t needed() const { return needed_; }
  // Bytes of the longest line that is waited for.
  std::size_t max_line() const { return limits_.max_control_line + kBesideArguments; }
  ParseError error() const { return error_; }
  ParseLimits& limits() { return limits_; }

 private:
  Result Fail(ParseError error) {
    error_ = error;
    return Result::kError;
  }
  // The longest verb, some blanks, CRLF.
  static constexpr std::size_t kBesideArguments = 16;

  Result Incomplete(std::string_view in);
  Result ParsePub(std::string_view in, std::string_view line, bool headers, std::string_view& rest,
                  Operation& operation);
  Result ParseSub(std::string_view line, Operation& operation);
  Result ParseUnsub(std::string_view line, Operation& operation);

  ParseLimits limits_;
  std::size_t needed_ = 0;
  ParseError error_ = ParseError::kNone;
};

}  // namespace wherry::nats
