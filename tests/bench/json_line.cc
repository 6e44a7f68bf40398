#include "tests/bench/json_line.h"

#include <cinttypes>
#include <cstdio>

namespace wherry::bench {

void JsonLine::AddKey(std::string_view key) {
  if (!fields_.empty()) fields_ += ", ";
  fields_.append("\"").append(key).append("\": ");
}

JsonLine& JsonLine::Add(std::string_view key, std::string_view text) {
  AddKey(key);
  fields_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') fields_ += '\\';
    fields_ += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  fields_ += '"';
  return *this;
}

JsonLine& JsonLine::Add(std::string_view key, double number) {
  AddKey(key);
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", number);
  fields_ += text;
  return *this;
}

JsonLine& JsonLine::Add(std::string_view key, std::int64_t number) {
  AddKey(key);
  char text[24];
  std::snprintf(text, sizeof text, "%" PRId64, number);
  fields_ += text;
  return *this;
}

void JsonLine::Print() const {
  std::printf("{%s}\n", fields_.c_str());
  std::fflush(stdout);
}

}  // namespace wherry::bench
