#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace re2 {
class RE2;
}

namespace wherry::core {

// A regular expression that whole names (of topics, of clients) are held against, in RE2's syntax:
// linear time, whatever a client sends. Immutable; any thread.
class NamePattern {
 public:
  // What a pattern's text, and RE2's program for it, may take.
  static constexpr std::size_t kMaxSize = 4096;
  static constexpr int kMaxMemory = 1 << 20;

  // kInvalidArgument, in RE2's words.
  static absl::StatusOr<std::shared_ptr<const NamePattern>> Compile(std::string_view pattern);
  ~NamePattern();

  bool Matches(std::string_view name) const;

 private:
  explicit NamePattern(std::unique_ptr<re2::RE2> expression);
  std::unique_ptr<re2::RE2> expression_;
};

}  // namespace wherry::core
