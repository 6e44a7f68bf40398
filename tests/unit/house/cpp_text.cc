#include "tests/unit/house/cpp_text.h"

#include <cctype>
#include <regex>

namespace wherry::house {
namespace {

// Blanks comments, literals and preprocessor lines, line by line; remembers what spans lines.
class Blanker {
 public:
  std::string Line(std::string_view line) {
    std::string out(line.size(), ' ');
    for (i_ = 0; i_ < line.size();) Step(line, out);
    if (state_ == State::kDirective && !line.ends_with('\\')) state_ = State::kCode;
    return out;
  }

 private:
  enum class State { kCode, kBlockComment, kRawString, kDirective };

  void Step(std::string_view line, std::string& out) {
    const std::string_view rest = line.substr(i_);
    if (state_ == State::kBlockComment) return SkipPast(rest, "*/");
    if (state_ == State::kRawString) return SkipPast(rest, raw_end_);
    if (state_ == State::kDirective || rest.starts_with("//")) {
      i_ = line.size();
    } else if (rest.starts_with("/*")) {
      state_ = State::kBlockComment;
      i_ += 2;
    } else if (rest[0] == '#' && line.find_first_not_of(" \t") == i_) {
      state_ = State::kDirective;
    } else if (rest.starts_with("R\"")) {
      state_ = State::kRawString;
      raw_end_ = ")" + std::string(rest.substr(2, rest.find('(') - 2)) + "\"";
      i_ += 2;
    } else if (rest[0] == '"' || (rest[0] == '\'' && !IsDigitSeparator(line))) {
      out[i_] = 'L';  // a literal, so that an initializer does not look empty
      SkipLiteral(line);
    } else {
      out[i_] = line[i_];
      ++i_;
    }
  }

  void SkipPast(std::string_view rest, std::string_view end) {
    const std::size_t found = rest.find(end);
    if (found == std::string_view::npos) {
      i_ += rest.size();
    } else {
      i_ += found + end.size();
      state_ = State::kCode;
    }
  }

  void SkipLiteral(std::string_view line) {
    const char quote = line[i_++];
    while (i_ < line.size() && line[i_] != quote) i_ += line[i_] == '\\' ? 2 : 1;
    ++i_;
  }

  bool IsDigitSeparator(std::string_view line) const {
    return i_ > 0 && std::isxdigit(static_cast<unsigned char>(line[i_ - 1])) != 0;
  }

  State state_ = State::kCode;
  std::string raw_end_;
  std::size_t i_ = 0;
};

// `head` without its "template <...>", whose parameters may say "class".
std::string WithoutTemplate(const std::string& head) {
  const std::size_t start = head.find("template");
  const std::size_t open = head.find('<', start);
  if (start == std::string::npos || open == std::string::npos) return head;
  int depth = 0;
  for (std::size_t i = open; i < head.size(); ++i) {
    depth += head[i] == '<' ? 1 : head[i] == '>' ? -1 : 0;
    if (depth == 0) return head.substr(0, start) + WithoutTemplate(head.substr(i + 1));
  }
  return head;
}

// Whether a brace after `head` (the code since the last brace or semicolon) opens a function.
bool OpensFunction(const std::string& head) {
  static const std::regex kType(R"(\b(namespace|class|struct|union|enum|concept)\b)");
  const std::string text = WithoutTemplate(head);
  const std::size_t parenthesis = text.find('(');
  if (parenthesis == std::string::npos) return false;
  const std::string before = text.substr(0, parenthesis);
  const bool is_operator = before.find("operator") != std::string::npos;
  if (!is_operator && before.find('=') != std::string::npos) return false;  // an initializer
  return !std::regex_search(before, kType);
}

}  // namespace

std::vector<std::string> CodeOnly(const std::vector<std::string>& lines) {
  Blanker blanker;
  std::vector<std::string> code;
  for (const std::string& line : lines) code.push_back(blanker.Line(line));
  return code;
}

std::vector<FunctionBody> FunctionBodies(const SourceFile& file) {
  std::vector<FunctionBody> bodies;
  const std::vector<std::string> code = CodeOnly(file.lines);
  int depth = 0;
  int function_depth = -1;  // the depth outside the open function; -1: none is open
  std::string head;
  for (std::size_t i = 0; i < code.size(); ++i) {
    for (char c : code[i]) {
      if (c == '{') {
        if (function_depth < 0 && OpensFunction(head)) {
          function_depth = depth;
          bodies.push_back({i + 1, i + 1});
        }
        ++depth;
        head.clear();
      } else if (c == '}') {
        --depth;
        if (depth == function_depth) {
          bodies.back().last_line = i + 1;
          function_depth = -1;
        }
        head.clear();
      } else if (c == ';') {
        head.clear();
      } else {
        head += c;
      }
    }
    head += ' ';
  }
  return bodies;
}

}  // namespace wherry::house
