#include "protocol/nats/subject.h"

namespace wherry::nats {

namespace {
bool HasBlank(std::string_view subject) {
  return subject.find_first_of(std::string_view(" \t\r\n\f\0", 6)) != std::string_view::npos;
}
}  // namespace

bool IsValidSubject(std::string_view subject) {
  if (subject.empty() || HasBlank(subject)) return false;
  bool more = true;
  while (more) {
    const std::string_view token = NextToken(subject, &more);
    if (token.empty() || (token == ">" && more)) return false;
  }
  return true;
}

bool IsValidLiteralSubject(std::string_view subject) {
  return IsValidSubject(subject) && !HasWildcard(subject);
}

bool HasWildcard(std::string_view subject) {
  bool more = true;
  while (more) {
    const std::string_view token = NextToken(subject, &more);
    if (token == "*" || token == ">") return true;
  }
  return false;
}

bool SubjectMatches(std::string_view pattern, std::string_view literal) {
  bool more_pattern = true, more_literal = true;
  while (more_pattern && more_literal) {
    const std::string_view token = NextToken(pattern, &more_pattern);
    const std::string_view other = NextToken(literal, &more_literal);
    if (token == ">" && !more_pattern) return true;
    if (token != "*" && token != other) return false;
  }
  return !more_pattern && !more_literal;
}

bool SubjectsOverlap(std::string_view a, std::string_view b) {
  bool more_a = true, more_b = true;
  while (more_a && more_b) {
    const std::string_view token = NextToken(a, &more_a);
    const std::string_view other = NextToken(b, &more_b);
    if ((token == ">" && !more_a) || (other == ">" && !more_b)) return true;
    if (token != "*" && other != "*" && token != other) return false;
  }
  return !more_a && !more_b;
}

}  // namespace wherry::nats
