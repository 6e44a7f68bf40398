#pragma once

#include <string_view>

namespace wherry::nats {

// A subject is tokens joined by '.', each of at least one byte and without blanks. In a
// subscription a token that is just `*` stands for any one token, a last token that is just `>` for
// one or more. Inside longer tokens both are ordinary bytes. Bytes above 127 pass through unchecked
// (UTF-8).

// May be subscribed to: no empty token, `>` only at the end.
bool IsValidSubject(std::string_view subject);
// May be published to: valid, and without wildcards.
bool IsValidLiteralSubject(std::string_view subject);
bool HasWildcard(std::string_view subject);

// Whether `literal` is one of the subjects that `pattern` stands for. Both are taken to be valid.
// Example: "a.*.>" matches "a.b.c" and "a.b.c.d", but not "a.b".
bool SubjectMatches(std::string_view pattern, std::string_view literal);

// Whether some literal subject is one that both stand for. Both are taken to be valid.
// Example: "a.*" and "*.b" overlap in "a.b"; "a.*" and "a.b.>" do not.
bool SubjectsOverlap(std::string_view a, std::string_view b);

// Takes the next token off `rest`, which must not have been exhausted.
// Example: NextToken("a.b") gives "a" and leaves "b"; then "b", after which `*more` is false.
inline std::string_view NextToken(std::string_view& rest, bool* more) {
  const std::size_t dot = rest.find('.');
  const std::string_view token = rest.substr(0, dot);
  *more = dot != std::string_view::npos;
  rest = *more ? rest.substr(dot + 1) : std::string_view();
  return token;
}

}  // namespace wherry::nats
