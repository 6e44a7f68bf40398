// The options of wherry/c.h, by key and value.
#include <array>
#include <charconv>
#include <map>

#include "absl/strings/str_cat.h"
#include "broker/embed/c/handles.h"

namespace wherry::embed {

namespace {

Status Wrong(std::string_view key, std::string_view value, std::string_view wanted) {
  return {StatusCode::kInvalidArgument,
          absl::StrCat("the option ", std::string(key), " cannot be \"", std::string(value),
                       "\"; it is ", std::string(wanted))};
}

template <typename Number>
Status SetNumber(std::string_view key, std::string_view value, Number& number) {
  Number parsed{};
  const char* const end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, parsed);
  if (error != std::errc() || stopped != end) return Wrong(key, value, "a whole number");
  number = parsed;
  return {};
}

template <typename T>
Status SetOneOf(std::string_view key, std::string_view value,
                const std::map<std::string_view, T>& choices, T& chosen) {
  const auto found = choices.find(value);
  if (found != choices.end()) {
    chosen = found->second;
    return {};
  }
  std::string wanted;
  for (const auto& [name, choice] : choices) {
    absl::StrAppend(&wanted, wanted.empty() ? "" : ", ", std::string(name));
  }
  return Wrong(key, value, absl::StrCat("one of ", wanted));
}

using Set = Status (*)(Options&, std::string_view key, std::string_view value);

template <auto Field>
Status SetText(Options& options, std::string_view, std::string_view value) {
  options.nats.*Field = std::string(value);
  return {};
}

template <auto Field>
Status SetNatsNumber(Options& options, std::string_view key, std::string_view value) {
  return SetNumber(key, value, options.nats.*Field);
}

const std::map<std::string_view, Set>& Keys() {
  static const std::map<std::string_view, Set> keys = {
      {"data_dir",
       [](Options& options, std::string_view, std::string_view value) {
         options.data_dir = std::string(value);
         return Status();
       }},
      {"sync",
       [](Options& options, std::string_view key, std::string_view value) {
         return SetOneOf<SyncMode>(key, value,
                                   {{"commit", SyncMode::kCommit},
                                    {"interval", SyncMode::kInterval},
                                    {"os", SyncMode::kOs}},
                                   options.sync);
       }},
      {"listen",
       [](Options& options, std::string_view, std::string_view value) {
         options.listen.emplace_back(value);
         return Status();
       }},
      {"advertise",
       [](Options& options, std::string_view, std::string_view value) {
         options.advertise = std::string(value);
         return Status();
       }},
      {"threads",
       [](Options& options, std::string_view key, std::string_view value) {
         return SetNumber(key, value, options.threads);
       }},
      {"memory_limit",
       [](Options& options, std::string_view key, std::string_view value) {
         return SetNumber(key, value, options.memory_limit);
       }},
      {"history",
       [](Options& options, std::string_view key, std::string_view value) {
         return SetNumber(key, value, options.history);
       }},
      {"control",
       [](Options& options, std::string_view key, std::string_view value) {
         return SetOneOf<ControlAccess>(key, value,
                                        {{"off", ControlAccess::kOff},
                                         {"loopback", ControlAccess::kLoopback},
                                         {"everywhere", ControlAccess::kEverywhere}},
                                        options.control);
       }},
      {"kafka.default_partitions",
       [](Options& options, std::string_view key, std::string_view value) {
         return SetNumber(key, value, options.kafka.default_partitions);
       }},
      {"kafka.auto_create_topics",
       [](Options& options, std::string_view key, std::string_view value) {
         return SetOneOf<bool>(key, value, {{"true", true}, {"false", false}},
                               options.kafka.auto_create_topics);
       }},
      {"nats.token", SetText<&NatsOptions::token>},
      {"nats.user", SetText<&NatsOptions::user>},
      {"nats.password", SetText<&NatsOptions::password>},
      {"nats.server_name", SetText<&NatsOptions::server_name>},
      {"nats.max_payload", SetNatsNumber<&NatsOptions::max_payload>},
      {"nats.max_pending", SetNatsNumber<&NatsOptions::max_pending>},
      {"nats.max_connections", SetNatsNumber<&NatsOptions::max_connections>},
  };
  return keys;
}

}  // namespace

Status SetOption(Options& options, std::string_view key, std::string_view value) {
  const auto found = Keys().find(key);
  if (found != Keys().end()) return found->second(options, key, value);
  std::string known;
  for (const auto& [name, set] : Keys()) {
    absl::StrAppend(&known, known.empty() ? "" : ", ", std::string(name));
  }
  return {StatusCode::kInvalidArgument,
          absl::StrCat("there is no option \"", std::string(key), "\"; there are ", known)};
}

}  // namespace wherry::embed

wherry_options* wherry_options_new(void) { return new wherry_options; }

void wherry_options_free(wherry_options* options) { delete options; }

int wherry_options_set(wherry_options* options, const char* key, const char* value, char** error) {
  return wherry::embed::Report(wherry::embed::SetOption(options->options, key, value), error);
}
