#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/kafka/call.h"
#include "broker/kafka/request_subjects.h"
#include "broker/kafka/security/sift.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"
#include "protocol/wire/field_lister.h"
#include "protocol/wire/json.h"
#include "protocol/wire/random_filler.h"

namespace wherry::kafka {

// What can be done with a message without knowing its type: bytes to JSON and back, random ones.
struct Schema {
  // kInvalidArgument: the bytes are no such message, or more follow it.
  absl::StatusOr<boost::json::value> (*decode)(std::string_view bytes, int version, bool flexible);
  absl::StatusOr<std::string> (*encode)(const boost::json::value& json, int version, bool flexible);
  std::string (*random)(wire::RandomFiller::Random& random, int version, bool flexible);
  // Its fields in one version.
  std::vector<wire::ListedField> (*fields)(int version, bool flexible);
  // What it is about; nothing if the bytes are no such message. Records stay closed.
  RequestSubjects (*subjects)(std::string_view bytes, int version, bool flexible,
                              const TopicNames& names);
};

// For the types of functions that are made for each message.
struct NoMessage {
  static void Visit(auto&, auto&) {}
};

// One API: what the dispatch, ApiVersions and the tests know of it. Constant; any thread.
struct ApiRow {
  std::int16_t key = -1;
  const char* name = "";
  // Versions that are handled.
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;
  // The first with compact lengths and tagged fields (KIP-482).
  std::int16_t flexible_since = kNeverFlexible;
  // What ApiVersions says instead of min_version, where clients read more into it; -1: the same.
  std::int16_t advertised_min = -1;
  // Only ApiVersions' response keeps the old header: a client reads it before it knows our versions
  // (KIP-511).
  bool old_response_header = false;
  // The next request may be handled before this one is answered, if that is of the same API.
  bool pipelined = false;
  // Whether ApiVersions names it; null: always. Who asks all the same is answered.
  bool (*offered)(const Cluster& cluster) = nullptr;

  // False: the bytes are no such request.
  bool (*handle)(const Call& call, std::string_view body, bool flexible,
                 const std::shared_ptr<ResponseSlot>& slot) = nullptr;
  // Answers that nothing was done, with `error` where this API's responses have their errors: for
  // whatever stands before the handler. False: the bytes are no such request.
  bool (*refuse)(const Call& call, std::string_view body, bool flexible, ErrorCode error,
                 const std::shared_ptr<ResponseSlot>& slot) = nullptr;
  // Takes a request apart by what the client may do, and puts the responses together again.
  decltype(&SiftRequest<NoMessage>) sift = nullptr;
  decltype(&JoinResponses<NoMessage>) join = nullptr;
  // Adds the topics that a request is about without naming them; null: there are none.
  void (*find_unnamed)(const Call& call, std::string_view body, bool flexible,
                       RequestSubjects& subjects) = nullptr;
  Schema request{};
  Schema response{};

  // What a request of the call's version is about.
  RequestSubjects SubjectsOf(const Call& call, std::string_view body, bool flexible) const;

  bool IsFlexible(std::int16_t version) const { return version >= flexible_since; }
  static constexpr std::int16_t kNeverFlexible = INT16_MAX;
};

template <typename M>
constexpr Schema SchemaOf() {
  return {
      [](std::string_view bytes, int version, bool flexible) -> absl::StatusOr<boost::json::value> {
        M message;
        wire::Decoder decoder(bytes, version, flexible);
        if (!decoder.Decode(message) || !decoder.rest().empty()) {
          return absl::InvalidArgumentError("the bytes are no such message");
        }
        return wire::JsonWriter(version, flexible).Write(message);
      },
      [](const boost::json::value& json, int version,
         bool flexible) -> absl::StatusOr<std::string> {
        M message;
        if (!wire::JsonReader(version, flexible).Read(json, message)) {
          return absl::InvalidArgumentError("a field of the JSON has the wrong type");
        }
        wire::Encoded encoded;
        wire::Encoder(encoded, version, flexible).Encode(message);
        return encoded.Flat();
      },
      [](wire::RandomFiller::Random& random, int version, bool flexible) {
        M message;
        wire::RandomFiller(random, version, flexible).Fill(message);
        wire::Encoded encoded;
        wire::Encoder(encoded, version, flexible).Encode(message);
        return encoded.Flat();
      },
      [](int version, bool flexible) { return wire::FieldLister(version, flexible).List(M()); },
      [](std::string_view bytes, int version, bool flexible, const TopicNames& names) {
        M message;
        RequestSubjects subjects;
        if (wire::Decoder(bytes, version, flexible).Decode(message)) {
          SubjectCollector(subjects, version, names).Collect(message);
        }
        return subjects;
      },
  };
}

// The row of an API whose handler is `void Handle(const Call&, const Request&, Reply<Response>)`,
// and whose refusal is `void Refuse(const Call&, const Request&, ErrorCode, Reply<Response>)`.
template <typename Request, typename Response,
          void (*Handle)(const Call&, const Request&, Reply<Response>),
          void (*Refuse)(const Call&, const Request&, ErrorCode, Reply<Response>)>
constexpr ApiRow MakeRow(ApiRow row) {
  row.handle = [](const Call& call, std::string_view body, bool flexible,
                  const std::shared_ptr<ResponseSlot>& slot) {
    Request request;
    // The version of the answer: the request's own, but where ApiVersions falls back to 0.
    if (!wire::Decoder(body, slot->version, flexible).Decode(request)) return false;
    Handle(call, request, Reply<Response>(slot));
    return true;
  };
  row.refuse = [](const Call& call, std::string_view body, bool flexible, ErrorCode error,
                  const std::shared_ptr<ResponseSlot>& slot) {
    Request request;
    if (!wire::Decoder(body, slot->version, flexible).Decode(request)) return false;
    Refuse(call, request, error, Reply<Response>(slot));
    return true;
  };
  row.sift = SiftRequest<Request>;
  row.join = JoinResponses<Response>;
  row.request = SchemaOf<Request>();
  row.response = SchemaOf<Response>();
  return row;
}

}  // namespace wherry::kafka
