#pragma once

#include <cctype>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

// How the server's flags are declared, whatever file declares them.
namespace wherry::server {

// Accepts the keys of a map; --help names them as the flag's type already.
inline CLI::Validator OneOf(const auto& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return CLI::IsMember(keys).description("");
}

// Declares a flag that takes a value. Its environment variable follows from its name: --data-dir
// is WHERRY_DATA_DIR.
CLI::Option* AddValue(CLI::App& app, const std::string& name, auto& value, const char* type,
                      const char* help) {
  std::string variable = "WHERRY_" + name.substr(2);
  for (char& c : variable)
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return app.add_option(name, value, help)->type_name(type)->envname(variable);
}

// One that may be given again, or in the environment once with commas.
inline CLI::Option* Repeatable(CLI::Option* option) {
  return option->delimiter(',')->expected(1)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace wherry::server
