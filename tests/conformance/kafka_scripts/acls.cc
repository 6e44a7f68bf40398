#include "tests/conformance/kafka_scripts/acls.h"

#include <array>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include <librdkafka/rdkafka.h>

namespace wherry::conformance {
namespace {

constexpr int kPatienceMillis = 30'000;

const std::map<std::string, rd_kafka_AclOperation_t> kOperations = {
    {"All", RD_KAFKA_ACL_OPERATION_ALL},           {"Read", RD_KAFKA_ACL_OPERATION_READ},
    {"Write", RD_KAFKA_ACL_OPERATION_WRITE},       {"Create", RD_KAFKA_ACL_OPERATION_CREATE},
    {"Delete", RD_KAFKA_ACL_OPERATION_DELETE},     {"Alter", RD_KAFKA_ACL_OPERATION_ALTER},
    {"Describe", RD_KAFKA_ACL_OPERATION_DESCRIBE},
};

struct Entry {
  bool add = false;  // else it is removed
  std::string bootstrap;
  std::string principal;
  std::string host = "*";
  std::string topic;
  rd_kafka_AclOperation_t operation = RD_KAFKA_ACL_OPERATION_ALL;
  rd_kafka_AclPermissionType_t permission = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
};

std::optional<Entry> Read(const std::vector<std::string>& words) {
  Entry entry;
  bool remove = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--add" || word == "--remove" || word == "--force") {
      entry.add |= word == "--add";
      remove |= word == "--remove";
      continue;
    }
    if (i + 1 == words.size()) return std::nullopt;
    const std::string& value = words[++i];
    if (word == "--bootstrap-server") {
      entry.bootstrap = value;
    } else if (word == "--allow-principal" || word == "--deny-principal") {
      entry.principal = value;
      if (word == "--deny-principal") entry.permission = RD_KAFKA_ACL_PERMISSION_TYPE_DENY;
    } else if (word == "--allow-host" || word == "--deny-host") {
      entry.host = value;
    } else if (word == "--topic") {
      entry.topic = value;
    } else if (word == "--operation" && kOperations.contains(value)) {
      entry.operation = kOperations.at(value);
    } else {
      return std::nullopt;
    }
  }
  const bool whole = entry.add != remove && !entry.bootstrap.empty() &&
                     !entry.principal.empty() && !entry.topic.empty();
  return whole ? std::optional<Entry>(entry) : std::nullopt;
}

struct Deleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_AclBinding_t* acl) const { rd_kafka_AclBinding_destroy(acl); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

std::string RefusalToRemove(rd_kafka_event_t* event) {
  std::size_t count = 0;
  const auto* const* results = rd_kafka_DeleteAcls_result_responses(
      rd_kafka_event_DeleteAcls_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* const error = rd_kafka_DeleteAcls_result_response_error(results[i]);
    if (error != nullptr) return rd_kafka_error_string(error);
  }
  return "";
}

// What the broker said against it; "": nothing.
std::string Refusal(rd_kafka_event_t* event, bool add) {
  if (event == nullptr) return "no answer from the broker";
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return rd_kafka_event_error_string(event);
  }
  if (!add) return RefusalToRemove(event);
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_error_t* const error = rd_kafka_acl_result_error(results[i]);
    if (error != nullptr) return rd_kafka_error_string(error);
  }
  return "";
}

}  // namespace

int RunAcls(const std::vector<std::string>& words) {
  const std::optional<Entry> entry = Read(words);
  if (!entry.has_value()) {
    std::cerr << "usage: kafka_scripts kafka-acls.sh --bootstrap-server HOST:PORT "
                 "--add|--remove [--force] --allow-principal|--deny-principal PRINCIPAL "
                 "[--allow-host|--deny-host HOST] --operation NAME --topic NAME\n";
    return 2;
  }
  std::array<char, 512> error{};
  rd_kafka_conf_t* const configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "bootstrap.servers", entry->bootstrap.c_str(), error.data(),
                    error.size());
  const Owned<rd_kafka_t> client(
      rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error.data(), error.size()));
  if (client == nullptr) {
    rd_kafka_conf_destroy(configuration);
    std::cerr << error.data() << "\n";
    return 1;
  }
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  const auto make = entry->add ? rd_kafka_AclBinding_new : rd_kafka_AclBindingFilter_new;
  const Owned<rd_kafka_AclBinding_t> acl(make(
      RD_KAFKA_RESOURCE_TOPIC, entry->topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL,
      entry->principal.c_str(), entry->host.c_str(), entry->operation, entry->permission,
      error.data(), error.size()));
  rd_kafka_AclBinding_t* acls = acl.get();
  const auto change = entry->add ? rd_kafka_CreateAcls : rd_kafka_DeleteAcls;
  change(client.get(), &acls, 1, nullptr, queue.get());
  const Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), kPatienceMillis));
  const std::string refusal = Refusal(event.get(), entry->add);
  if (!refusal.empty()) std::cerr << refusal << "\n";
  return refusal.empty() ? 0 : 1;
}

}  // namespace wherry::conformance
