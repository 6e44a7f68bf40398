#include "protocol/nats/parser.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace wherry::nats {

namespace {

constexpr std::size_t kMaxArguments = 5;
constexpr std::size_t kMaxSizeDigits = 9;  // nats-server: larger numbers are no sizes

struct Arguments {
  std::array<std::string_view, kMaxArguments> at;
  std::size_t count = 0;
  bool too_many = false;
};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

Arguments Split(std::string_view text) {
  Arguments arguments;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (true) {
    while (p != end && IsBlank(*p)) ++p;
    if (p == end) return arguments;
    const char* const begin = p;
    while (p != end && !IsBlank(*p)) ++p;
    if (arguments.count == kMaxArguments) {
      arguments.too_many = true;
      return arguments;
    }
    arguments.at[arguments.count++] = std::string_view(begin, static_cast<std::size_t>(p - begin));
  }
}

// A size as nats-server reads it; -1 for anything else.
std::int64_t ParseSize(std::string_view text) {
  if (text.empty() || text.size() > kMaxSizeDigits) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool StartsWithFolded(std::string_view text, std::string_view lower) {
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (i == text.size()) return true;  // as far as it goes
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower[i]) return false;
  }
  return true;
}

struct VerbRow {
  std::string_view name;
  Verb verb;
  bool blank;      // one must follow the verb
  bool arguments;  // without, the rest of the line is skipped
};

// nats-server takes "+ok" and "-err" from clients too: the first is ignored, the second closes.
constexpr VerbRow kVerbs[] = {
    {"pub", Verb::kPub, true, true},          {"hpub", Verb::kPub, true, true},
    {"sub", Verb::kSub, true, true},          {"unsub", Verb::kUnsub, true, true},
    {"ping", Verb::kPing, false, false},      {"pong", Verb::kPong, false, false},
    {"connect", Verb::kConnect, false, true}, {"info", Verb::kInfo, false, true},
    {"+ok", Verb::kOk, false, false},
};

const VerbRow* FindVerb(std::string_view in) {
  for (const VerbRow& row : kVerbs) {
    if (!StartsWithFolded(in, row.name)) continue;
    if (row.blank && in.size() > row.name.size() && !IsBlank(in[row.name.size()])) continue;
    return &row;
  }
  return nullptr;
}

// What stands behind the verb and the blanks there.
std::string_view ArgumentsOf(const VerbRow& row, std::string_view line) {
  line.remove_prefix(std::min(line.size(), row.name.size()));
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
  return line;
}

}  // namespace

Parser::Result Parser::Next(std::string_view& in, Operation& operation) {
  if (RepeatPub(in, operation)) return Result::kOperation;
  needed_ = 0;
  if (in.empty()) return Result::kNeedMore;
  // The line: almost always all of it is here and short.
  const std::size_t window = std::min(in.size(), max_line());
  const void* const newline = std::memchr(in.data(), '\n', window);
  if (newline == nullptr) return Incomplete(in);
  const std::size_t line_size =
      static_cast<std::size_t>(static_cast<const char*>(newline) - in.data()) + 1;
  std::string_view line = in.substr(0, line_size - 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);

  operation = Operation();
  if (in.size() > 4 && std::memcmp(in.data(), "PUB ", 4) == 0) {
    operation.verb = Verb::kPub;
    return ParsePub(in, line.substr(4), false, in, operation);
  }
  const VerbRow* const row = FindVerb(in.substr(0, line_size));
  if (row == nullptr) {
    const bool is_err = StartsWithFolded(line, "-err") && line.size() >= 4;
    return Fail(is_err ? ParseError::kMalformed : ParseError::kUnknownOperation);
  }
  operation.verb = row->verb;
  const std::string_view rest = ArgumentsOf(*row, line);
  if (row->arguments && rest.size() > limits_.max_control_line) {
    return Fail(ParseError::kControlLine);
  }
  Result result = Result::kOperation;
  switch (row->verb) {
    case Verb::kPub:
      return ParsePub(in, rest, row->name.size() == 4, in, operation);
    case Verb::kSub:
      result = ParseSub(rest, operation);
      break;
    case Verb::kUnsub:
      result = ParseUnsub(rest, operation);
      break;
    case Verb::kConnect:
    case Verb::kInfo:
      operation.json = rest;
      break;
    case Verb::kPing:
    case Verb::kPong:
    case Verb::kOk:
      break;
  }
  if (result == Result::kOperation) in.remove_prefix(line_size);
  return result;
}

bool Parser::RepeatPub(std::string_view& in, Operation& operation) const {
  const std::string_view subject = operation.subject;
  constexpr std::size_t kVerbSize = 4;  // "PUB "
  const std::size_t size_at = kVerbSize + subject.size() + 1;
  if (operation.verb != Verb::kPub || in.size() < size_at + kMaxSizeDigits + 2) return false;
  const char* const begin = in.data();
  if (std::memcmp(begin, "PUB ", kVerbSize) != 0 || begin[size_at - 1] != ' ' ||
      std::memcmp(begin + kVerbSize, subject.data(), subject.size()) != 0) {
    return false;
  }
  const char* at = begin + size_at;
  const char* const last_digit = at + kMaxSizeDigits;
  std::size_t size = 0;
  for (; at != last_digit; ++at) {
    const unsigned digit = static_cast<unsigned char>(*at) - '0';
    if (digit > 9) break;
    size = size * 10 + digit;
  }
  const char* const payload = at + 2;
  const std::size_t before = static_cast<std::size_t>(payload - begin);
  if (at == begin + size_at || at[0] != '\r' || at[1] != '\n' ||
      size > static_cast<std::size_t>(limits_.max_payload) || in.size() < before + size + 2 ||
      before > limits_.max_control_line) {
    return false;
  }
  const char* const end = payload + size;
  if (end[0] != '\r' || end[1] != '\n') return false;
  operation.reply = {};
  operation.header_size = -1;
  operation.payload = {payload, size};
  operation.tail = {begin + size_at, static_cast<std::size_t>(end + 2 - begin) - size_at};
  operation.same_subject = true;
  in.remove_prefix(before + size + 2);
  return true;
}

Parser::Result Parser::Incomplete(std::string_view in) {
  // A first byte that no verb has is an error now; waiting for its newline would be silence.
  const VerbRow* const row = FindVerb(in);
  if (row == nullptr && !StartsWithFolded(in, "-err")) {
    return Fail(ParseError::kUnknownOperation);
  }
  if (in.size() >= max_line()) return Fail(ParseError::kControlLine);
  if (in.ends_with('\r')) in.remove_suffix(1);  // perhaps the line's end
  if (row != nullptr && row->arguments && ArgumentsOf(*row, in).size() > limits_.max_control_line) {
    return Fail(ParseError::kControlLine);
  }
  return Result::kNeedMore;
}

Parser::Result Parser::ParsePub(std::string_view in, std::string_view line, bool headers,
                                std::string_view& rest, Operation& operation) {
  const Arguments arguments = Split(line);
  const std::size_t sizes = headers ? 2 : 1;
  if (arguments.count != 0 &&
      static_cast<std::size_t>(line.data() + line.size() - arguments.at[0].data()) >
          limits_.max_control_line) {
    return Fail(ParseError::kControlLine);
  }
  if (arguments.too_many || arguments.count < sizes + 1 || arguments.count > sizes + 2) {
    return Fail(ParseError::kMalformed);
  }
  if (headers && !limits_.headers) return Fail(ParseError::kMalformed);
  operation.subject = arguments.at[0];
  if (arguments.count == sizes + 2) operation.reply = arguments.at[1];
  const std::string_view size_text = arguments.at[arguments.count - 1];
  const std::int64_t size = ParseSize(size_text);
  if (size < 0) return Fail(ParseError::kMalformed);
  if (headers) {
    const std::int64_t header_size = ParseSize(arguments.at[arguments.count - 2]);
    if (header_size < 0 || header_size > size) return Fail(ParseError::kMalformed);
    operation.header_size = static_cast<std::int32_t>(header_size);
  }
  if (size > limits_.max_payload) return Fail(ParseError::kMaxPayload);

  // Where the payload begins: behind the line's newline.
  const char* payload = line.data() + line.size();
  const bool carriage_return = *payload == '\r';
  payload += carriage_return ? 2 : 1;
  const std::size_t before = static_cast<std::size_t>(payload - in.data());
  const std::size_t whole = before + static_cast<std::size_t>(size) + 2;
  if (in.size() < whole) {
    // Bytes that are here already and cannot be the closing CRLF are an error now.
    if (in.size() == whole - 1 && in.back() != '\r') return Fail(ParseError::kUnknownOperation);
    needed_ = whole;
    return Result::kNeedMore;
  }
  if (in[whole - 2] != '\r' || in[whole - 1] != '\n') return Fail(ParseError::kUnknownOperation);
  operation.payload = std::string_view(payload, static_cast<std::size_t>(size));

  bool canonical = carriage_return && size_text.data() + size_text.size() + 2 == payload;
  for (std::size_t i = 1; i < arguments.count; ++i) {
    const char* const gap = arguments.at[i - 1].data() + arguments.at[i - 1].size();
    canonical = canonical && gap + 1 == arguments.at[i].data() && *gap == ' ';
  }
  if (canonical) {
    const char* const begin = arguments.at[1].data();
    operation.tail = std::string_view(begin, static_cast<std::size_t>(in.data() + whole - begin));
  }
  rest.remove_prefix(whole);
  return Result::kOperation;
}

Parser::Result Parser::ParseSub(std::string_view line, Operation& operation) {
  const Arguments arguments = Split(line);
  if (arguments.too_many || arguments.count < 2 || arguments.count > 3) {
    return Fail(ParseError::kMalformed);
  }
  operation.subject = arguments.at[0];
  if (arguments.count == 3) operation.queue = arguments.at[1];
  operation.sid = arguments.at[arguments.count - 1];
  return Result::kOperation;
}

Parser::Result Parser::ParseUnsub(std::string_view line, Operation& operation) {
  const Arguments arguments = Split(line);
  if (arguments.too_many || arguments.count < 1 || arguments.count > 2) {
    return Fail(ParseError::kMalformed);
  }
  operation.sid = arguments.at[0];
  if (arguments.count == 2) operation.max = ParseSize(arguments.at[1]);
  return Result::kOperation;
}

}  // namespace wherry::nats
