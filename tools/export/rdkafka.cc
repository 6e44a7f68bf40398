#include "tools/export/rdkafka.h"

#include <array>
#include <utility>

namespace wherry::exporting {

StatusOr<Owned<rd_kafka_conf_t>> MakeConf(const Properties& properties) {
  Owned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  std::array<char, 512> why{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK) {
      return Status(StatusCode::kInvalidArgument, why.data());
    }
  }
  return conf;
}

StatusOr<Owned<rd_kafka_t>> MakeClient(rd_kafka_type_t type, Owned<rd_kafka_conf_t> conf) {
  std::array<char, 512> why{};
  Owned<rd_kafka_t> client(rd_kafka_new(type, conf.get(), why.data(), why.size()));
  if (client == nullptr) return Status(StatusCode::kInvalidArgument, why.data());
  static_cast<void>(conf.release());  // the client's now
  return client;
}

Status ErrorOf(rd_kafka_resp_err_t error, const std::string& what, const char* why) {
  StatusCode code = StatusCode::kUnavailable;
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return Status();
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      code = StatusCode::kAlreadyExists;
      break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      code = StatusCode::kNotFound;
      break;
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      code = StatusCode::kInvalidArgument;
      break;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      code = StatusCode::kDeadlineExceeded;
      break;
    default:
      break;
  }
  return Status(code, what + ": " + (why != nullptr ? why : rd_kafka_err2str(error)));
}

}  // namespace wherry::exporting
