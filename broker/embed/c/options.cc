// The options of wherry/c.h, by key and value.
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <type_traits>

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
  requires(std::is_integral_v<Number> && !std::is_same_v<Number, bool>)
Status Read(std::string_view key, std::string_view value, Number& number) {
  Number parsed{};
  const char* const end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, parsed);
  if (error != std::errc() || stopped != end) return Wrong(key, value, "a whole number");
  number = parsed;
  return {};
}

Status Read(std::string_view, std::string_view value, std::string& text) {
  text = std::string(value);
  return {};
}

// One more of a list.
Status Read(std::string_view, std::string_view value, std::vector<std::string>& texts) {
  texts.emplace_back(value);
  return {};
}

template <typename T>
Status ReadOneOf(std::string_view key, std::string_view value,
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

Status Read(std::string_view key, std::string_view value, bool& flag) {
  return ReadOneOf<bool>(key, value, {{"true", true}, {"false", false}}, flag);
}

Status Read(std::string_view key, std::string_view value, SyncMode& mode) {
  return ReadOneOf<SyncMode>(key, value,
                             {{"commit", SyncMode::kCommit},
                              {"interval", SyncMode::kInterval},
                              {"os", SyncMode::kOs}},
                             mode);
}

Status Read(std::string_view key, std::string_view value, ClockMode& mode) {
  return ReadOneOf<ClockMode>(
      key, value, {{"real", ClockMode::kReal}, {"virtual", ClockMode::kVirtual}}, mode);
}

Status Read(std::string_view key, std::string_view value, ControlAccess& access) {
  return ReadOneOf<ControlAccess>(key, value,
                                  {{"off", ControlAccess::kOff},
                                   {"loopback", ControlAccess::kLoopback},
                                   {"everywhere", ControlAccess::kEverywhere}},
                                  access);
}

Status Read(std::string_view key, std::string_view value, KafkaClientAuth& auth) {
  return ReadOneOf<KafkaClientAuth>(key, value,
                                    {{"none", KafkaClientAuth::kNone},
                                     {"requested", KafkaClientAuth::kRequested},
                                     {"required", KafkaClientAuth::kRequired}},
                                    auth);
}

Status Read(std::string_view, std::string_view value, std::vector<KafkaUser>& users) {
  StatusOr<KafkaUser> user = KafkaUser::Parse(value);
  if (!user.ok()) return user.status();
  users.push_back(std::move(user).value());
  return {};
}

Status Read(std::string_view key, std::string_view value, std::chrono::milliseconds& duration) {
  std::int64_t milliseconds = 0;
  Status status = Read(key, value, milliseconds);
  if (status.ok()) duration = std::chrono::milliseconds(milliseconds);
  return status;
}

using Set = Status (*)(Options&, std::string_view key, std::string_view value);

template <auto Field>
Status SetBroker(Options& options, std::string_view key, std::string_view value) {
  return Read(key, value, options.*Field);
}
template <auto Field>
Status SetNats(Options& options, std::string_view key, std::string_view value) {
  return Read(key, value, options.nats.*Field);
}
template <auto Field>
Status SetKafka(Options& options, std::string_view key, std::string_view value) {
  return Read(key, value, options.kafka.*Field);
}

template <auto Field>
Status SetKafkaSecurity(Options& options, std::string_view key, std::string_view value) {
  return Read(key, value, options.kafka.security.*Field);
}
template <auto Field>
Status SetKafkaTls(Options& options, std::string_view key, std::string_view value) {
  std::optional<TlsOptions>& tls = options.kafka.security.tls;
  if (!tls.has_value()) tls.emplace();
  return Read(key, value, (*tls).*Field);
}

const std::map<std::string_view, Set>& Keys() {
  static const std::map<std::string_view, Set> keys = {
      {"data_dir", SetBroker<&Options::data_dir>},
      {"sync", SetBroker<&Options::sync>},
      {"listen", SetBroker<&Options::listen>},
      {"advertise", SetBroker<&Options::advertise>},
      {"threads", SetBroker<&Options::threads>},
      {"memory_limit", SetBroker<&Options::memory_limit>},
      {"history", SetBroker<&Options::history>},
      {"clock", SetBroker<&Options::clock>},
      {"simulated_disk", SetBroker<&Options::simulated_disk>},
      {"control", SetBroker<&Options::control>},
      {"kafka.nodes", SetKafka<&KafkaOptions::nodes>},
      {"kafka.default_partitions", SetKafka<&KafkaOptions::default_partitions>},
      {"kafka.strict", SetKafka<&KafkaOptions::strict>},
      {"kafka.auto_create_topics", SetKafka<&KafkaOptions::auto_create_topics>},
      {"kafka.initial_rebalance_delay_ms", SetKafka<&KafkaOptions::initial_rebalance_delay>},
      {"kafka.tls_cert_file", SetKafkaTls<&TlsOptions::cert_file>},
      {"kafka.tls_key_file", SetKafkaTls<&TlsOptions::key_file>},
      {"kafka.tls_ca_file", SetKafkaTls<&TlsOptions::ca_file>},
      {"kafka.client_auth", SetKafkaSecurity<&KafkaSecurityOptions::client_auth>},
      {"kafka.user", SetKafkaSecurity<&KafkaSecurityOptions::users>},
      {"kafka.sasl_mechanism", SetKafkaSecurity<&KafkaSecurityOptions::sasl_mechanisms>},
      {"kafka.max_reauth_ms", SetKafkaSecurity<&KafkaSecurityOptions::max_reauth>},
      {"kafka.authorizer", SetKafkaSecurity<&KafkaSecurityOptions::authorizer>},
      {"kafka.super_user", SetKafkaSecurity<&KafkaSecurityOptions::super_users>},
      {"kafka.allow_everyone_if_no_acl_found",
       SetKafkaSecurity<&KafkaSecurityOptions::allow_everyone_if_no_acl_found>},
      {"nats.token", SetNats<&NatsOptions::token>},
      {"nats.user", SetNats<&NatsOptions::user>},
      {"nats.password", SetNats<&NatsOptions::password>},
      {"nats.server_name", SetNats<&NatsOptions::server_name>},
      {"nats.max_payload", SetNats<&NatsOptions::max_payload>},
      {"nats.max_pending", SetNats<&NatsOptions::max_pending>},
      {"nats.max_connections", SetNats<&NatsOptions::max_connections>},
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
