#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wherry/broker.h"
#include "wherry/c.h"

// What the opaque handles of wherry/c.h are.

struct wherry_options {
  wherry::Options options;
};

// One that was made holds its namespace, a broker's default one only refers to it.
struct wherry_namespace {
  explicit wherry_namespace(wherry::Namespace& space) : space(space) {}
  explicit wherry_namespace(wherry::Namespace&& mine) : made(std::move(mine)), space(*made) {}
  std::optional<wherry::Namespace> made;
  wherry::Namespace& space;
};

struct wherry_broker {
  explicit wherry_broker(wherry::Broker started) : broker(std::move(started)) {}
  wherry::Broker broker;
  wherry_namespace default_namespace{broker.default_namespace()};
};

struct wherry_hold {
  wherry::Namespace& space;
  std::int64_t number;  // among those that operations made
};

struct wherry_subscription {
  wherry::NatsSubscription subscription;
};

struct wherry_message {
  wherry::NatsMessage message;
};

struct wherry_records {
  std::vector<wherry::KafkaRecord> records;
};

namespace wherry::embed {

// What a C function returns for an outcome; the sentence goes to `error`, which may be null.
int Report(const Status& status, char** error);
// A copy that wherry_free frees.
char* CopyText(std::string_view text);
// The same through a pointer that may be null.
void GiveText(std::string_view text, char** out, std::size_t* size = nullptr);
// Bytes of a caller; a null pointer is none.
inline std::string_view Bytes(const void* bytes, std::size_t size) {
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), size);
}
// Bytes that a handle holds, as C reads them.
inline const char* Show(const std::string& bytes, std::size_t* size) {
  if (size != nullptr) *size = bytes.size();
  return bytes.c_str();
}

// Sets what wherry_options_set names.
Status SetOption(Options& options, std::string_view key, std::string_view value);

}  // namespace wherry::embed
