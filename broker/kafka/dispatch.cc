#include "broker/kafka/dispatch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/kafka/api_table.h"
#include "broker/kafka/cluster.h"
#include "broker/kafka/connection_info.h"
#include "broker/kafka/fault_gate.h"
#include "broker/kafka/node_gate.h"
#include "broker/kafka/security/admission.h"
#include "broker/kafka/security/authentication.h"
#include "protocol/wire/cursor.h"

namespace wherry::kafka {

namespace {

constexpr std::int16_t kApiVersionsKey = 18;

// Request header v1, v2 where flexible. The client's id is a classic string in both (KIP-482).
struct RequestHeader {
  std::int16_t api_key = -1;
  std::int16_t version = -1;
  std::int32_t correlation_id = 0;
  std::string_view client_id;
};

void SkipTaggedFields(wire::Reader& reader) {
  const std::uint32_t count = reader.Uvarint();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    reader.Uvarint();
    reader.Take(reader.Uvarint());
  }
}

bool Refuse(const Call& call, const std::string& why) {
  call.cluster.Log(
      absl::StrCat("closed the Kafka connection from ", call.remote.ToString(), ": ", why));
  return false;
}

// Logs a request whose header has been read, and what its body is about.
std::unique_ptr<RequestNote> Log(const Call& call, const ApiRow& row, const ResponseSlot& slot,
                                 std::string_view frame, std::string_view body) {
  const std::shared_ptr<core::RequestLog>& log = call.cluster.request_log();
  core::LoggedRequest request;
  request.unix_millis = call.cluster.home().TurnUnixMillis();
  request.operation = absl::StrCat("kafka.", row.name);
  request.connection = call.connection == nullptr ? 0 : call.connection->id;
  request.client = call.client_id;
  request.version = call.version;
  request.correlation_id = slot.correlation_id;
  request.bytes = sizeof(std::int32_t) + frame.size();
  RequestSubjects subjects = row.SubjectsOf(call, body, slot.flexible);
  request.topics = std::move(subjects.topics);
  request.groups = std::move(subjects.groups);
  for (RequestSubjects::Place& place : subjects.places) {
    request.places.push_back({std::move(place.topic), place.partition, place.offset, -1});
  }
  return std::make_unique<RequestNote>(log, log->Add(std::move(request)),
                                       call.cluster.topics());
}

// Where the client must say first who it is. True: it may not ask for this now, and the slot knows
// what becomes of it.
bool RefuseUnknown(const Call& call, const ApiRow& row, std::string_view body,
                   const std::shared_ptr<ResponseSlot>& slot) {
  if (call.client == nullptr || call.client->authentication == nullptr) return false;
  std::string why;
  const auto admission = call.client->authentication->Admit(row.key, row.name, why);
  if (admission == Authentication::Admission::kYes) return false;
  Refuse(call, why);
  slot->last = true;
  if (admission != Authentication::Admission::kRefused ||
      !row.refuse(call, body, slot->flexible, ErrorCode::kIllegalSaslState, slot)) {
    slot->Become(ResponseSlot::State::kClosing);
  }
  return true;
}

}  // namespace

bool Dispatch(Call call, std::string_view frame, const std::shared_ptr<ResponseSlot>& slot) {
  wire::Reader reader(frame);
  RequestHeader header;
  header.api_key = reader.Int<std::int16_t>();
  header.version = reader.Int<std::int16_t>();
  header.correlation_id = reader.Int<std::int32_t>();
  const auto client_id_size = reader.Int<std::int16_t>();
  if (client_id_size > 0) header.client_id = reader.Take(static_cast<std::size_t>(client_id_size));
  if (!reader.ok() || client_id_size < -1) return Refuse(call, "its request header is malformed");

  const ApiRow* const row = FindApi(header.api_key);
  if (row == nullptr) {
    return Refuse(call, absl::StrCat("API key ", header.api_key, " version ", header.version,
                                     " is not supported"));
  }
  slot->correlation_id = header.correlation_id;
  call.client_id = header.client_id;
  if (call.connection != nullptr && call.connection->client_id != header.client_id) {
    call.connection->client_id = header.client_id;
  }
  if (header.version < row->min_version || header.version > row->max_version) {
    if (header.api_key != kApiVersionsKey) {
      return Refuse(
          call, absl::StrCat(row->name, " version ", header.version, " is not supported; versions ",
                             row->min_version, " to ", row->max_version, " are"));
    }
    // A client newer than we are learns our versions from an answer that every client reads
    // (KIP-511). Its body is empty here, and the handler sees a version outside its range.
    call.version = header.version;
    slot->version = 0;
    return row->handle(call, {}, false, slot);
  }
  const bool flexible = row->IsFlexible(header.version);
  if (flexible) SkipTaggedFields(reader);
  call.version = slot->version = header.version;
  slot->flexible = flexible;
  slot->flexible_header = flexible && !row->old_response_header;
  if (reader.ok() && RefuseUnknown(call, *row, reader.rest(), slot)) return true;
  if (call.cluster.request_log() != nullptr) {
    slot->note = Log(call, *row, *slot, frame, reader.rest());
  }
  core::FaultPlan* const faults = call.cluster.faults();
  if (faults != nullptr && reader.ok() && MeetFault(*faults, call, *row, reader.rest(), slot)) {
    return true;
  }
  if (reader.ok() && RefuseElsewhere(call, *row, reader.rest(), slot)) return true;
  if (!reader.ok() || !HandleAllowed(call, *row, reader.rest(), slot)) {
    return Refuse(call, absl::StrCat(row->name, " version ", header.version, ", correlation id ",
                                     header.correlation_id, ", is malformed"));
  }
  return true;
}

}  // namespace wherry::kafka
