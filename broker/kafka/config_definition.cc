#include "broker/kafka/config_definition.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace wherry::kafka {

namespace {

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

absl::Status Invalid(const ConfigDefinition& config, std::string_view value, std::string why) {
  return absl::InvalidArgumentError(absl::StrCat("Invalid value ", std::string(value),
                                                 " for configuration ", config.name, ": ", why));
}

template <typename Number>
absl::Status CheckRange(const ConfigDefinition& config, std::string_view value, Number number) {
  if (number < static_cast<Number>(config.min)) {
    return Invalid(config, value, absl::StrCat("Value must be at least ", config.min));
  }
  if (number > static_cast<Number>(config.max)) {
    return Invalid(config, value, absl::StrCat("Value must be no more than ", config.max));
  }
  return absl::OkStatus();
}

absl::Status CheckInteger(const ConfigDefinition& config, std::string_view value) {
  const bool is_int = config.type == ConfigType::kInt;
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(Abseil(value), &number) ||
      (is_int && (number < INT32_MIN || number > INT32_MAX))) {
    return Invalid(config, value,
                   absl::StrCat("Not a number of type ", is_int ? "INT" : "LONG"));
  }
  return CheckRange(config, value, number);
}

absl::Status CheckDouble(const ConfigDefinition& config, std::string_view value) {
  double number = 0;
  if (!absl::SimpleAtod(Abseil(value), &number)) {
    return Invalid(config, value, "Not a number of type DOUBLE");
  }
  return CheckRange(config, value, number);
}

absl::Status CheckChoices(const ConfigDefinition& config, std::string_view value) {
  if (config.choices == nullptr) return absl::OkStatus();
  const std::vector<std::string> choices = ListOf(config.choices);
  std::vector<std::string> items{std::string(value)};
  if (config.type == ConfigType::kList) items = ListOf(value);
  for (const std::string& item : items) {
    if (std::find(choices.begin(), choices.end(), item) != choices.end()) continue;
    return Invalid(config, item, "String must be one of: " + absl::StrJoin(choices, ", "));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> ListOf(std::string_view value) {
  std::vector<std::string> items;
  if (absl::StripAsciiWhitespace(Abseil(value)).empty()) return items;
  for (const absl::string_view part : absl::StrSplit(Abseil(value), ',')) {
    items.emplace_back(absl::StripAsciiWhitespace(part));
  }
  return items;
}

std::int64_t NumberOf(std::string_view value) {
  std::int64_t number = 0;
  // Checked when it was set.
  static_cast<void>(absl::SimpleAtoi(Abseil(value), &number));
  return number;
}

absl::Status CheckConfig(const ConfigDefinition& config, std::string_view value) {
  switch (config.type) {
    case ConfigType::kInt:
    case ConfigType::kLong:
      return CheckInteger(config, value);
    case ConfigType::kBoolean:
      if (absl::EqualsIgnoreCase(Abseil(value), "true") ||
          absl::EqualsIgnoreCase(Abseil(value), "false")) {
        return absl::OkStatus();
      }
      return Invalid(config, value, "Expected value to be either true or false");
    case ConfigType::kDouble:
      return CheckDouble(config, value);
    case ConfigType::kString:
    case ConfigType::kList:
      return CheckChoices(config, value);
  }
  return absl::OkStatus();
}

absl::Status CheckConfigBytes(const ConfigOverrides& configs) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : configs) bytes += name.size() + value.size();
  if (bytes <= kMaxConfigBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("configurations of ", bytes,
                                                 " bytes; one resource may have ",
                                                 kMaxConfigBytes));
}

const ConfigDefinition* FindIn(std::span<const ConfigDefinition> configs, std::string_view name) {
  for (const ConfigDefinition& config : configs) {
    if (config.name == name) return &config;
  }
  return nullptr;
}

absl::Status CheckAll(std::span<const ConfigDefinition> known, const ConfigOverrides& configs,
                      const char* unknown) {
  if (absl::Status status = CheckConfigBytes(configs); !status.ok()) return status;
  for (const auto& [name, value] : configs) {
    const ConfigDefinition* const config = FindIn(known, name);
    if (config == nullptr) return absl::InvalidArgumentError(absl::StrCat(unknown, name));
    if (absl::Status status = CheckConfig(*config, value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace wherry::kafka
