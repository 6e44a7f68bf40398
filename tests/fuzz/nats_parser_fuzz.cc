// The NATS parser against itself: the bytes of a client as they arrive, in pieces of any size, give
// the operations that they give in one piece.
//
// Input: a byte of limits (bit 0: small ones, bit 1: no headers), a byte that seeds the sizes of
// the pieces, then the stream.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "protocol/nats/parser.h"
#include "tests/fuzz/fuzz.h"

namespace wherry::nats {
namespace {

// An operation that keeps its bytes.
struct Kept {
  explicit Kept(const Operation& operation)
      : verb(operation.verb),
        subject(operation.subject),
        reply(operation.reply),
        queue(operation.queue),
        sid(operation.sid),
        json(operation.json),
        max(operation.max),
        header_size(operation.header_size),
        payload(operation.payload),
        tail(operation.tail) {}
  bool operator==(const Kept&) const = default;

  Verb verb;
  std::string subject, reply, queue, sid, json;
  std::int64_t max;
  std::int32_t header_size;
  std::string payload, tail;
};

struct Outcome {
  std::vector<Kept> operations;
  ParseError error = ParseError::kNone;
  std::size_t used = 0;  // bytes of the operations
};

bool Within(std::string_view part, std::string_view whole) {
  // Compared as numbers: the two may be of different arrays, which is what is looked for.
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  const auto from = reinterpret_cast<std::uintptr_t>(whole.data());
  return part.empty() || (begin >= from && begin + part.size() <= from + whole.size());
}

// `used` are the operation's own bytes, `buffer` those since which operations may refer back.
void CheckViews(const Operation& operation, std::string_view used, std::string_view buffer) {
  FUZZ_CHECK(Within(operation.subject, operation.same_subject ? buffer : used));
  for (const std::string_view view : {operation.reply, operation.queue, operation.sid,
                                      operation.json, operation.payload, operation.tail}) {
    FUZZ_CHECK(Within(view, used));
  }
  if (operation.verb != Verb::kPub) return;
  FUZZ_CHECK(!operation.subject.empty());
  FUZZ_CHECK(operation.header_size >= -1);
  FUZZ_CHECK(operation.header_size <= static_cast<std::int32_t>(operation.payload.size()));
  if (operation.tail.empty()) return;
  // What a subscriber gets: the reply if there is one, the sizes, the payload.
  std::string tail;
  if (!operation.reply.empty()) tail.append(operation.reply).append(" ");
  if (operation.header_size >= 0) tail.append(std::to_string(operation.header_size)).append(" ");
  tail.append(std::to_string(operation.payload.size())).append("\r\n");
  tail.append(operation.payload).append("\r\n");
  const bool leading_zeros = operation.tail.size() > tail.size();
  FUZZ_CHECK(operation.tail == tail || leading_zeros);
  FUZZ_CHECK(operation.tail.ends_with(std::string(operation.payload) + "\r\n"));
}

// Parses what has arrived, `arrived` bytes of the stream in an array of just that size. `fresh`:
// each operation into a new object, not over the one before, which the parser may build upon.
Parser::Result ParseAll(Parser& parser, std::string_view stream, std::size_t arrived,
                        Outcome& outcome, bool fresh = false) {
  const std::size_t size = arrived - outcome.used;
  const auto exact = std::make_unique<char[]>(size);
  std::copy_n(stream.data() + outcome.used, size, exact.get());
  std::string_view in(exact.get(), size);
  const std::string_view buffer = in;
  Operation operation;
  while (true) {
    const std::string_view before = in;
    if (fresh) operation = Operation();
    const Parser::Result result = parser.Next(in, operation);
    if (result == Parser::Result::kOperation) {
      FUZZ_CHECK(in.size() < before.size() && before.ends_with(in));
      CheckViews(operation, before.substr(0, before.size() - in.size()), buffer);
      outcome.operations.emplace_back(operation);
      outcome.used += before.size() - in.size();
      continue;
    }
    FUZZ_CHECK(in.data() == before.data() && in.size() == before.size());
    if (result == Parser::Result::kError) {
      FUZZ_CHECK(parser.error() != ParseError::kNone);
      outcome.error = parser.error();
    } else if (parser.needed() != 0) {
      FUZZ_CHECK(parser.needed() > in.size());
      FUZZ_CHECK(parser.needed() <=
                 parser.max_line() + 2 + static_cast<std::size_t>(parser.limits().max_payload));
    } else {
      FUZZ_CHECK(in.size() < parser.max_line());
    }
    return result;
  }
}

// The stream in pieces whose sizes a small generator gives. A piece ends early at what needed()
// promised: one byte less must not complete the operation, the promise must.
Outcome ParseInPieces(const ParseLimits& limits, std::string_view stream, std::uint32_t seed) {
  Parser parser(limits);
  Outcome outcome;
  std::size_t arrived = 0;
  const bool byte_by_byte = seed % 8 == 0 && stream.size() < 512;
  while (true) {
    const std::size_t operations = outcome.operations.size();
    const Parser::Result result = ParseAll(parser, stream, arrived, outcome);
    if (result == Parser::Result::kError || arrived == stream.size()) return outcome;
    const std::size_t needed = parser.needed() == 0 ? 0 : outcome.used + parser.needed();
    if (needed != 0 && needed <= stream.size() && seed % 2 == 0) {
      const std::size_t complete = outcome.operations.size();
      arrived = std::max(arrived, needed - 1);
      const Parser::Result early = ParseAll(parser, stream, arrived, outcome);
      if (early == Parser::Result::kError) return outcome;
      FUZZ_CHECK(early == Parser::Result::kNeedMore);
      FUZZ_CHECK(outcome.operations.size() == complete);
      FUZZ_CHECK(outcome.used + parser.needed() == needed);
      arrived = needed;
      const Parser::Result then = ParseAll(parser, stream, arrived, outcome);
      if (then == Parser::Result::kError) return outcome;
      FUZZ_CHECK(outcome.operations.size() == complete + 1);
      FUZZ_CHECK(outcome.used == needed);
    }
    FUZZ_CHECK(outcome.operations.size() >= operations);
    seed = seed * 1664525 + 1013904223;
    const std::size_t piece = byte_by_byte ? 1 : 1 + (seed >> 16) % 61;
    arrived = std::min(stream.size(), arrived + piece);
  }
}

}  // namespace
}  // namespace wherry::nats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::nats;  // NOLINT
  wherry::fuzz::Input input(data, size);
  const std::uint8_t kind = input.Byte();
  const std::uint32_t seed = input.Byte();
  ParseLimits limits;
  if ((kind & 1) != 0) limits = {.max_control_line = 40, .max_payload = 30};
  limits.headers = (kind & 2) == 0;

  Outcome whole;
  Parser parser(limits);
  ParseAll(parser, input.rest(), input.rest().size(), whole, true);
  const Outcome pieces = ParseInPieces(limits, input.rest(), seed);
  FUZZ_CHECK(whole.operations == pieces.operations);
  FUZZ_CHECK(whole.error == pieces.error);
  FUZZ_CHECK(whole.used == pieces.used);
  return 0;
}
