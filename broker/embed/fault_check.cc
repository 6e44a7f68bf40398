#include "broker/embed/fault_check.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_table.h"
#include "protocol/kafka/error_code.h"
#include "protocol/nats/subject.h"

namespace wherry::embed {

namespace {

constexpr const char* kNatsOperations[] = {"nats.CONNECT", "nats.PUB",  "nats.SUB", "nats.UNSUB",
                                           "nats.PING",    "nats.PONG", "nats.MSG"};

Status Refuse(const Fault& fault, const std::string& why) {
  return {StatusCode::kInvalidArgument,
          absl::StrCat("the fault \"", fault.ToString(), "\" cannot work: ", why)};
}

bool IsKafka(const Fault& fault) { return fault.operation.starts_with("kafka."); }
bool IsConnection(const Fault& fault) { return fault.operation.ends_with(".connection"); }
bool IsImpairment(FaultAction action) {
  return action == FaultAction::kSlice || action == FaultAction::kBandwidth ||
         action == FaultAction::kCloseAfter;
}

Status CheckOperation(const Fault& fault) {
  const std::string& operation = fault.operation;
  for (const char* known : {"kafka.*", "nats.*", "kafka.connection", "nats.connection"}) {
    if (operation == known) return {};
  }
  if (std::find(std::begin(kNatsOperations), std::end(kNatsOperations), operation) !=
      std::end(kNatsOperations)) {
    return {};
  }
  std::string names;
  for (const kafka::ApiRow* row : kafka::ApiTable()) {
    if (operation == absl::StrCat("kafka.", row->name)) return {};
    absl::StrAppend(&names, names.empty() ? "" : ", ", row->name);
  }
  return Refuse(fault, absl::StrCat("there is no operation \"", operation,
                                    "\"; there are nats.CONNECT, PUB, SUB, UNSUB, PING, PONG, MSG, "
                                    "connection and *, and kafka.connection, * and ",
                                    names));
}

Status CheckScope(const Fault& fault) {
  if ((!fault.topic.empty() || !fault.group.empty()) && (!IsKafka(fault) || IsConnection(fault))) {
    return Refuse(fault, "only Kafka's requests name topics and groups");
  }
  if (!fault.subject.empty() && (IsKafka(fault) || IsConnection(fault))) {
    return Refuse(fault, "only NATS operations have a subject");
  }
  if (!fault.subject.empty() && !nats::IsValidSubject(fault.subject)) {
    return Refuse(fault, absl::StrCat("\"", fault.subject, "\" is no subject"));
  }
  if (!fault.client.empty() && IsConnection(fault)) {
    return Refuse(fault, "who the client is is not known before its first operation");
  }
  if (fault.skip < 0 || fault.times < 0) {
    return Refuse(fault, "it counts from 0 up; leave Times out for always");
  }
  if (!(fault.probability >= 0 && fault.probability <= 1)) {
    return Refuse(fault, "a probability lies between 0 and 1");
  }
  return {};
}

Status CheckError(const Fault& fault) {
  if (IsConnection(fault) || fault.operation == "nats.MSG") {
    return Refuse(fault, "there is nobody to answer with an error; Reset or Close the connection");
  }
  if (!IsKafka(fault)) {
    const bool is_line =
        !fault.error.empty() && fault.error.find_first_of("\r\n'") == std::string::npos;
    return is_line ? Status() : Refuse(fault, "the text of an -ERR is one line without quotes");
  }
  const auto error = kafka::FindError(fault.error);
  if (error.has_value() && *error != kafka::ErrorCode::kNone) return {};
  return Refuse(fault, absl::StrCat("Kafka has no error \"", fault.error,
                                    "\"; name one as its protocol guide does, such as "
                                    "NOT_LEADER_OR_FOLLOWER"));
}

Status CheckAfterApply(const Fault& fault) {
  if (IsConnection(fault) || fault.operation == "nats.MSG" || IsImpairment(fault.action)) {
    return Refuse(fault, "AfterApply is for operations that have an answer");
  }
  if (!IsKafka(fault) &&
      (fault.action == FaultAction::kDelay || fault.action == FaultAction::kHold)) {
    return Refuse(fault, "an answer of NATS can be lost (Drop) but not be late");
  }
  return {};
}

Status CheckAction(const Fault& fault) {
  if (fault.action == FaultAction::kNone) {
    return Refuse(fault, "it does not say what happens: Fail, Delay, Hang, Drop, Reset, Close, "
                         "Slice, Bandwidth or CloseAfter");
  }
  if (fault.actions > 1) return Refuse(fault, "it says more than one thing that happens");
  if (fault.action == FaultAction::kFail) {
    if (Status status = CheckError(fault); !status.ok()) return status;
  }
  if (fault.action == FaultAction::kDelay && fault.delay <= std::chrono::nanoseconds::zero()) {
    return Refuse(fault, "a delay is above 0");
  }
  if ((fault.action == FaultAction::kSlice || fault.action == FaultAction::kBandwidth) &&
      fault.bytes == 0) {
    return Refuse(fault, "bytes are above 0; Hang sends none");
  }
  if (fault.action == FaultAction::kDrop && IsConnection(fault)) {
    return Refuse(fault,
                  "a connection is accepted and left alone by Hang, ended by Reset or Close");
  }
  return fault.after_apply ? CheckAfterApply(fault) : Status();
}

}  // namespace

Status CheckFault(const Fault& fault) {
  if (Status status = CheckOperation(fault); !status.ok()) return status;
  if (Status status = CheckScope(fault); !status.ok()) return status;
  return CheckAction(fault);
}

}  // namespace wherry::embed
