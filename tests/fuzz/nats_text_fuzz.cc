// What a NATS client says besides operations: CONNECT's JSON, header blocks, subjects. No bytes
// make any of them read outside, and what they answer agrees with itself.
//
// Input: a byte that chooses, then the text (headers: the length of a name, the name, the block;
// subjects: the length of the pattern, the pattern, the literal).

#include <algorithm>
#include <memory>
#include <string>

#include "protocol/nats/connect.h"
#include "protocol/nats/headers.h"
#include "protocol/nats/subject.h"
#include "tests/fuzz/fuzz.h"

namespace wherry::nats {
namespace {

// The text in an array of its exact size, so that ASan sees the first byte read too far.
// Threads: one. Owned by one run of the target.
class Exact {
 public:
  explicit Exact(std::string_view text)
      : bytes_(std::make_unique<char[]>(text.size())), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

void Connect(std::string_view json) {
  ConnectOptions defaults;
  defaults.name = "kept";
  const std::optional<ConnectOptions> options = ParseConnect(json, defaults);
  if (!options.has_value()) return;
  // A key that is not there keeps its value: a second CONNECT of the same text changes nothing.
  const std::optional<ConnectOptions> again = ParseConnect(json, *options);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->name == options->name && again->user == options->user &&
             again->pass == options->pass && again->auth_token == options->auth_token &&
             again->verbose == options->verbose && again->protocol == options->protocol);
  if (json.find("name") == std::string_view::npos && json.find('\\') == std::string_view::npos) {
    FUZZ_CHECK(options->name == "kept");
  }
}

void Headers(std::string_view name, std::string_view block) {
  const std::string_view value = FindHeader(block, name);
  if (!value.empty()) {
    FUZZ_CHECK(value.data() >= block.data());
    FUZZ_CHECK(value.data() + value.size() <= block.data() + block.size());
    FUZZ_CHECK(value.find("\r\n") == std::string_view::npos);
    FUZZ_CHECK(value.front() != ' ' && value.back() != ' ');
  }
  if (!IsValidHeaderBlock(block)) return;
  FUZZ_CHECK(block.starts_with("NATS/1.0") && block.ends_with("\r\n\r\n"));
}

void Subjects(std::string_view pattern, std::string_view literal) {
  const bool valid = IsValidSubject(pattern);
  FUZZ_CHECK(IsValidLiteralSubject(pattern) == (valid && !HasWildcard(pattern)));
  if (!valid || !IsValidLiteralSubject(literal)) return;
  const bool matches = SubjectMatches(pattern, literal);
  FUZZ_CHECK(SubjectMatches(literal, literal));
  FUZZ_CHECK(SubjectMatches(">", literal));
  if (!HasWildcard(pattern)) FUZZ_CHECK(matches == (pattern == literal));
  // A prefix with `>` stands for more, and never for the prefix itself.
  FUZZ_CHECK(SubjectMatches(std::string(literal) + ".>", std::string(literal) + ".x"));
  FUZZ_CHECK(!SubjectMatches(std::string(literal) + ".>", literal));
  if (!pattern.ends_with(">")) {
    FUZZ_CHECK(SubjectMatches(std::string(pattern) + ".x", std::string(literal) + ".x") == matches);
  }
}

}  // namespace
}  // namespace wherry::nats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::nats;  // NOLINT
  wherry::fuzz::Input input(data, size);
  const std::size_t kind = input.Below(3);
  if (kind == 0) {
    Connect(Exact(input.rest()).view());
    return 0;
  }
  const Exact first(input.Take(input.Byte()));
  const Exact second(input.rest());
  if (kind == 1) {
    Headers(first.view(), second.view());
  } else {
    Subjects(first.view(), second.view());
  }
  return 0;
}
