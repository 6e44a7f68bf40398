#include "broker/kafka/request_note.h"

namespace wherry::kafka {

namespace {

core::LoggedRequest::Place& PlaceOf(core::LoggedRequest& request,
                                    const RequestSubjects::Place& wanted) {
  for (core::LoggedRequest::Place& place : request.places) {
    if (place.topic == wanted.topic && place.partition == wanted.partition) return place;
  }
  return request.places.emplace_back(
      core::LoggedRequest::Place{wanted.topic, wanted.partition, -1, -1});
}

}  // namespace

void RequestNote::Answered(const RequestSubjects& response) {
  log_->Amend(sequence_, [&](core::LoggedRequest& request) {
    request.answered = true;
    if (response.error != ErrorCode::kNone) request.error = ErrorName(response.error);
    for (const RequestSubjects::Place& place : response.places) {
      PlaceOf(request, place).answered = place.offset;
    }
  });
}

void RequestNote::Ended(std::string_view error) {
  log_->Amend(sequence_, [&](core::LoggedRequest& request) {
    request.answered = true;
    request.error = error;
  });
}

}  // namespace wherry::kafka
