#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::nats_server {

// What a flag takes. A truth value needs no value, and gets one as -flag=false alone.
enum class FlagKind { kBool, kInteger, kString };

// One flag that a program knows, by one of its names.
struct FlagSpec {
  std::string_view name;
  FlagKind kind = FlagKind::kString;
};

// One flag of a command line, read.
struct FlagValue {
  std::string name;
  std::string text;  // as written; "true" for a truth value without one
  bool truth = false;
  std::int64_t number = 0;
};

// A command line, read by the rules of Go's package flag: one or two dashes, -flag=value or
// -flag value, and no flags after the first argument that is none.
struct ParsedFlags {
  std::vector<FlagValue> flags;  // in order, with repetitions
  std::vector<std::string> arguments;
  std::string error;  // Go's words; then the rest was not read
};

ParsedFlags ParseFlags(std::span<const FlagSpec> specs, std::span<const std::string> arguments);

}  // namespace wherry::nats_server
