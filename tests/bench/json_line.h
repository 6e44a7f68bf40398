#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wherry::bench {

// One flat JSON object, for tools/bench to read.
// Threads: one at a time. A value.
class JsonLine {
 public:
  JsonLine& Add(std::string_view key, std::string_view text);
  JsonLine& Add(std::string_view key, double number);
  JsonLine& Add(std::string_view key, std::int64_t number);
  // Writes it to standard output.
  void Print() const;

 private:
  void AddKey(std::string_view key);

  std::string fields_;
};

}  // namespace wherry::bench
