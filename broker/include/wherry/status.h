#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "wherry/export.h"

namespace wherry {

// Why a call failed, in the field's usual classes.
enum class StatusCode {
  kOk = 0,
  kInvalidArgument,     // the caller's value can never work; the message names it
  kNotFound,            // a topic, group or log of that name does not exist
  kAlreadyExists,       // the name is taken
  kFailedPrecondition,  // right call, wrong time: a blocking call from a callback, a stopped broker
  kOutOfRange,          // an offset outside what the log keeps
  kResourceExhausted,   // the memory limit, a full disk, a limit on sizes
  kDeadlineExceeded,    // the timeout passed first
  kUnavailable,         // nobody there: no responders, a port in use, a locked data directory
  kPermissionDenied,    // the operating system or the broker's configuration refuses it
  kDataLoss,            // stored bytes do not match their checksum
  kInternal,            // a defect in Wherry; please report it
};

// "NOT_FOUND" and so on. Threads: any.
WHERRY_EXPORT std::string_view StatusCodeName(StatusCode code);

// The outcome of a call: ok, or a code with a sentence for people that names the value at fault.
// Threads: a value like any other; safe to copy between threads. Never throws.
class [[nodiscard]] WHERRY_EXPORT Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // "OK" or "NOT_FOUND: topic orders does not exist".
  std::string ToString() const;

  friend bool operator==(const Status& a, const Status& b) = default;
  friend std::ostream& operator<<(std::ostream& out, const Status& status) {
    return out << status.ToString();
  }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

namespace internal {
[[noreturn]] WHERRY_EXPORT void DieForStatus(const Status& status);
}  // namespace internal

// Either a T or the Status that says why there is none.
// value() on an error prints the status to standard error and aborts: right for tests and tools;
// check ok() where an error is to be handled.
template <typename T>
class [[nodiscard]] StatusOr {
 public:
  StatusOr(T value) : value_(std::move(value)) {}         // NOLINT: implicit by design
  StatusOr(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    if (status_.ok()) status_ = Status(StatusCode::kInternal, "an ok Status carries no value");
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & {
    if (!ok()) internal::DieForStatus(status_);
    return *value_;
  }
  const T& value() const& {
    if (!ok()) internal::DieForStatus(status_);
    return *value_;
  }
  T value() && {
    if (!ok()) internal::DieForStatus(status_);
    return *std::move(value_);
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace wherry
