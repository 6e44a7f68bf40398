#include "broker/nats/monitor/json.h"

#include <charconv>
#include <cstdio>
#include <ctime>

namespace wherry::nats {

namespace json = boost::json;

namespace {

// The length of the UTF-8 character at the start of `text`, which is not empty; 0 if it is none.
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies above U+10FFFF.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
      (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return size;
}

void AppendEscape(const char* format, unsigned code, std::string& out) {
  char text[8];
  std::snprintf(text, sizeof(text), format, code);
  out += text;
}

class Writer {
 public:
  explicit Writer(bool indented) : indented_(indented) {}

  void Write(const json::value& value, int depth) {
    switch (value.kind()) {
      case json::kind::object:
        return WriteObject(value.get_object(), depth);
      case json::kind::array:
        return WriteArray(value.get_array(), depth);
      case json::kind::string:
        return WriteString({value.get_string().data(), value.get_string().size()});
      case json::kind::double_:
        return WriteNumber(value.get_double());
      default:
        out += json::serialize(value);
    }
  }

  std::string out;

 private:
  void WriteObject(const json::object& object, int depth) {
    out += '{';
    bool first = true;
    for (const auto& member : object) {
      if (!first) out += ',';
      first = false;
      NewLine(depth + 1);
      WriteString({member.key().data(), member.key().size()});
      out += indented_ ? ": " : ":";
      Write(member.value(), depth + 1);
    }
    if (!first) NewLine(depth);
    out += '}';
  }

  void WriteArray(const json::array& array, int depth) {
    out += '[';
    bool first = true;
    for (const json::value& element : array) {
      if (!first) out += ',';
      first = false;
      NewLine(depth + 1);
      Write(element, depth + 1);
    }
    if (!first) NewLine(depth);
    out += ']';
  }

  void NewLine(int depth) {
    if (indented_) out.append("\n").append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  void WriteNumber(double number) {
    char text[400];
    const auto [end, error] =
        std::to_chars(text, text + sizeof(text), number, std::chars_format::fixed);
    out.append(text, end);
  }

  void WriteString(std::string_view text) {
    out += '"';
    while (!text.empty()) {
      const std::size_t size = CharacterSize(text);
      if (size == 0) {
        out += "\\ufffd";
        text.remove_prefix(1);
        continue;
      }
      WriteCharacter(text.substr(0, size));
      text.remove_prefix(size);
    }
    out += '"';
  }

  // Go keeps JSON safe inside HTML and JavaScript.
  void WriteCharacter(std::string_view character) {
    if (character == "\xe2\x80\xa8") {
      out += "\\u2028";
    } else if (character == "\xe2\x80\xa9") {
      out += "\\u2029";
    } else if (character.size() > 1) {
      out += character;
    } else if (const char c = character[0]; c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (const std::size_t at = std::string_view("\b\f\n\r\t").find(c);
               at != std::string_view::npos) {
      out += '\\';
      out += "bfnrt"[at];
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&') {
      AppendEscape("\\u%04x", static_cast<unsigned char>(c), out);
    } else {
      out += c;
    }
  }

  const bool indented_;
};

// "1.25" of 1250000 in units of a million, without trailing zeros.
std::string Decimal(std::int64_t value, std::int64_t unit) {
  std::string text = std::to_string(value / unit);
  std::int64_t rest = value % unit;
  if (rest == 0) return text;
  text += '.';
  while (rest != 0) {
    unit /= 10;
    text += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  return text;
}

}  // namespace

std::string IndentedJson(const json::value& value) {
  Writer writer(true);
  writer.Write(value, 0);
  return std::move(writer.out);
}

std::string CompactJson(const json::value& value) {
  Writer writer(false);
  writer.Write(value, 0);
  return std::move(writer.out);
}

std::string GoTime(std::int64_t unix_millis) {
  const std::time_t seconds = static_cast<std::time_t>(unix_millis / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string fraction = Decimal(unix_millis % 1000, 1000);
  return date + fraction.substr(1) + "Z";
}

std::string GoDuration(runtime::Duration duration) {
  constexpr std::int64_t kMicro = 1000, kMilli = 1000 * kMicro, kSecond = 1000 * kMilli;
  const std::int64_t nanos = duration.count();
  if (nanos == 0) return "0s";
  if (nanos < kMicro) return std::to_string(nanos) + "ns";
  if (nanos < kMilli) return Decimal(nanos, kMicro) + "\xc2\xb5s";
  if (nanos < kSecond) return Decimal(nanos, kMilli) + "ms";
  const std::int64_t minutes = nanos / (60 * kSecond);
  std::string text;
  if (minutes >= 60) text += std::to_string(minutes / 60) + "h";
  if (minutes > 0) text += std::to_string(minutes % 60) + "m";
  return text + Decimal(nanos % (60 * kSecond), kSecond) + "s";
}

std::string Uptime(std::int64_t millis) {
  const std::int64_t seconds = millis / 1000, minutes = seconds / 60, hours = minutes / 60,
                     days = hours / 24, years = days / 365;
  std::string text;
  if (years > 0) text += std::to_string(years) + "y";
  if (days > 0) text += std::to_string(days % 365) + "d";
  if (hours > 0) text += std::to_string(hours % 24) + "h";
  if (minutes > 0) text += std::to_string(minutes % 60) + "m";
  return text + std::to_string(seconds % 60) + "s";
}

std::string GoQuote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    const unsigned char c = static_cast<unsigned char>(text[0]);
    if (size == 0 || c < 0x20 || c == 0x7f) {
      const std::size_t at = std::string_view("\a\b\f\n\r\t\v").find(text[0]);
      if (at != std::string_view::npos) {
        quoted += '\\';
        quoted += "abfnrtv"[at];
      } else {
        AppendEscape("\\x%02x", c, quoted);
      }
      text.remove_prefix(1);
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += text.substr(0, size);
    text.remove_prefix(size);
  }
  return quoted + '"';
}

}  // namespace wherry::nats
