#include "broker/core/name_pattern.h"

#include <re2/re2.h>

#include "absl/strings/str_cat.h"

namespace wherry::core {

NamePattern::NamePattern(std::unique_ptr<re2::RE2> expression)
    : expression_(std::move(expression)) {}
NamePattern::~NamePattern() = default;

absl::StatusOr<std::shared_ptr<const NamePattern>> NamePattern::Compile(
    std::string_view pattern) {
  if (pattern.size() > kMaxSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has ", pattern.size(), " bytes; ", kMaxSize, " are allowed"));
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kMaxMemory);
  auto expression =
      std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!expression->ok()) return absl::InvalidArgumentError(expression->error());
  return std::shared_ptr<const NamePattern>(new NamePattern(std::move(expression)));
}

bool NamePattern::Matches(std::string_view name) const {
  return re2::RE2::FullMatch(re2::StringPiece(name.data(), name.size()), *expression_);
}

}  // namespace wherry::core
