#include "wherry/status.h"

#include "broker/embed/status_of.h"

namespace wherry {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case StatusCode::kNotFound:
      return "NOT_FOUND";
    case StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case StatusCode::kDataLoss:
      return "DATA_LOSS";
    case StatusCode::kInternal:
      return "INTERNAL";
  }
  return "UNKNOWN";
}

std::string Status::ToString() const {
  std::string text(StatusCodeName(code_));
  if (!message_.empty()) text.append(": ").append(message_);
  return text;
}

namespace internal {
void DieForStatus(const Status& status) {
  std::fprintf(stderr, "wherry: value() of a failed StatusOr: %s\n", status.ToString().c_str());
  std::abort();
}
}  // namespace internal

namespace embed {

Status StatusOf(const absl::Status& status) {
  const std::string message(status.message().data(), status.message().size());
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return Status();
    case absl::StatusCode::kInvalidArgument:
      return {StatusCode::kInvalidArgument, message};
    case absl::StatusCode::kNotFound:
      return {StatusCode::kNotFound, message};
    case absl::StatusCode::kAlreadyExists:
      return {StatusCode::kAlreadyExists, message};
    case absl::StatusCode::kFailedPrecondition:
      return {StatusCode::kFailedPrecondition, message};
    case absl::StatusCode::kOutOfRange:
      return {StatusCode::kOutOfRange, message};
    case absl::StatusCode::kResourceExhausted:
      return {StatusCode::kResourceExhausted, message};
    case absl::StatusCode::kDeadlineExceeded:
      return {StatusCode::kDeadlineExceeded, message};
    case absl::StatusCode::kUnavailable:
      return {StatusCode::kUnavailable, message};
    case absl::StatusCode::kPermissionDenied:
      return {StatusCode::kPermissionDenied, message};
    case absl::StatusCode::kDataLoss:
      return {StatusCode::kDataLoss, message};
    default:
      return {StatusCode::kInternal, message};
  }
}

}  // namespace embed
}  // namespace wherry
