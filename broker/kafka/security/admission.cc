#include "broker/kafka/security/admission.h"

#include <algorithm>
#include <utility>

#include "broker/kafka/cluster.h"
#include "broker/kafka/security/authentication.h"
#include "broker/kafka/security/authorizer.h"

namespace wherry::kafka {

namespace {

constexpr AclOperation kNothing = ApiNeeds::kNothing;

Requester RequesterOf(const Call& call) {
  return {call.client == nullptr ? Principal() : call.client->principal, call.remote.host()};
}

// What the row's needs say of one request.
class Judge final : public RequestJudge {
 public:
  Judge(const Authorizer& authorizer, const Call& call, const ApiNeeds& needs)
      : authorizer_(authorizer), who_(RequesterOf(call)), needs_(needs) {}

  ErrorCode OfWhole(const std::vector<NamedResource>& named) override {
    if (needs_.cluster != kNothing) {
      const bool may = May(needs_.cluster, AclResourceType::kCluster, kClusterName);
      if (!may && !needs_.cluster_suffices) return ErrorCode::kClusterAuthorizationFailed;
      every_topic_ = may && needs_.cluster_suffices;
    }
    bool transactional = false;
    for (const NamedResource& resource : named) {
      transactional |= resource.type == AclResourceType::kTransactionalId;
    }
    if (needs_.idempotent_write && !transactional && !MayWriteIdempotently()) {
      return ErrorCode::kClusterAuthorizationFailed;
    }
    return OfElement(named);
  }

  ErrorCode OfElement(const std::vector<NamedResource>& named) override {
    for (const NamedResource& resource : named) {
      const AclOperation operation = NeededOf(resource.type);
      if (operation == kNothing || May(operation, resource.type, resource.name)) continue;
      return ErrorOf(resource.type);
    }
    return ErrorCode::kNone;
  }

 private:
  bool May(AclOperation operation, AclResourceType type, const std::string& name) const {
    return authorizer_.Allows(who_, operation, type, name);
  }
  bool MayWriteIdempotently() const {
    return May(AclOperation::kIdempotentWrite, AclResourceType::kCluster, kClusterName) ||
           authorizer_.AllowsSome(who_, AclOperation::kWrite, AclResourceType::kTopic);
  }
  AclOperation NeededOf(AclResourceType type) const {
    if (needs_.configs != kNothing) return needs_.configs;
    switch (type) {
      case AclResourceType::kTopic:
        return every_topic_ ? kNothing : needs_.topic;
      case AclResourceType::kGroup:
        return needs_.group;
      case AclResourceType::kTransactionalId:
        return needs_.transactional_id;
      // A share group's key, for which only brokers ask.
      case AclResourceType::kCluster:
        return needs_.group == kNothing ? kNothing : AclOperation::kClusterAction;
      default:
        return kNothing;
    }
  }
  static ErrorCode ErrorOf(AclResourceType type) {
    switch (type) {
      case AclResourceType::kTopic:
        return ErrorCode::kTopicAuthorizationFailed;
      case AclResourceType::kGroup:
        return ErrorCode::kGroupAuthorizationFailed;
      case AclResourceType::kTransactionalId:
        return ErrorCode::kTransactionalIdAuthorizationFailed;
      default:
        return ErrorCode::kClusterAuthorizationFailed;
    }
  }

  const Authorizer& authorizer_;
  const Requester who_;
  const ApiNeeds& needs_;
  bool every_topic_ = false;
};

std::shared_ptr<ResponseSlot> SlotLike(const ResponseSlot& slot) {
  auto like = std::make_shared<ResponseSlot>();
  like->correlation_id = slot.correlation_id;
  like->version = slot.version;
  like->flexible = slot.flexible;
  like->flexible_header = slot.flexible_header;
  like->changed = [] {};
  return like;
}

std::string BodyOf(const ResponseSlot& slot) {
  constexpr std::size_t kSizeAndCorrelationId = 8;
  return slot.frame.Flat().substr(kSizeAndCorrelationId + (slot.flexible_header ? 1 : 0));
}

// A request of several parts, until each has its answer.
// Threads: the home shard. Owned by its slot, which forgets it when it is answered or the
// connection goes.
class PartedRequest : public std::enable_shared_from_this<PartedRequest> {
 public:
  PartedRequest(const ApiRow& row, const std::shared_ptr<ResponseSlot>& slot)
      : row_(row), slot_(slot) {}

  bool Handle(const Call& call, const std::vector<RequestPart>& parts) {
    const std::shared_ptr<ResponseSlot> slot = slot_.lock();
    slot->abandoned = [self = shared_from_this()] { self->Abandon(); };
    for (const RequestPart& part : parts) {
      if (part.error == ErrorCode::kNone) continue;
      error_ = part.error;
      const std::shared_ptr<ResponseSlot> refused = SlotLike(*slot);
      if (!row_.refuse(call, part.body, slot->flexible, part.error, refused)) return false;
      Take(*refused);
    }
    for (const RequestPart& part : parts) {
      if (part.error != ErrorCode::kNone) continue;
      handled_ = SlotLike(*slot);
      handled_->changed = [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->OnHandled();
      };
      return row_.handle(call, part.body, slot->flexible, handled_);
    }
    Answer();
    return true;
  }

 private:
  void Take(const ResponseSlot& answered) {
    if (answered.state == ResponseSlot::State::kReady) {
      bodies_.push_back(BodyOf(answered));
    } else {
      closing_ |= answered.state != ResponseSlot::State::kSilent;
    }
  }
  void OnHandled() {
    const auto alive = shared_from_this();
    if (handled_->state == ResponseSlot::State::kWaiting) return;
    Take(*handled_);
    // First what was handled.
    if (handled_->state == ResponseSlot::State::kReady) {
      std::rotate(bodies_.begin(), bodies_.end() - 1, bodies_.end());
    }
    Answer();
  }
  void Answer() {
    const auto alive = shared_from_this();
    const std::shared_ptr<ResponseSlot> slot = slot_.lock();
    if (slot == nullptr || !slot->changed) return;
    if (closing_) return slot->Become(ResponseSlot::State::kClosing);
    if (bodies_.empty()) return slot->Become(ResponseSlot::State::kSilent);
    slot->Fill([this, &slot](wire::Encoder& encoder) {
      row_.join(bodies_, slot->version, slot->flexible, encoder);
    });
    if (slot->note != nullptr) slot->note->Ended(ErrorName(error_));
  }
  void Abandon() {
    if (handled_ == nullptr) return;
    handled_->changed = nullptr;
    if (handled_->abandoned) std::exchange(handled_->abandoned, nullptr)();
  }

  const ApiRow& row_;
  const std::weak_ptr<ResponseSlot> slot_;  // who owns us
  std::shared_ptr<ResponseSlot> handled_;
  std::vector<std::string> bodies_;  // of the responses, without their headers
  ErrorCode error_ = ErrorCode::kNone;
  bool closing_ = false;
};

}  // namespace

bool HandleAllowed(const Call& call, const ApiRow& row, std::string_view body,
                   const std::shared_ptr<ResponseSlot>& slot) {
  const Authorizer* const authorizer = call.cluster.authorizer();
  static constexpr ApiNeeds kUnsaid = {.cluster = AclOperation::kAlter};
  const ApiNeeds* const said = NeedsOf(row.key);
  static constexpr ApiNeeds kOfBrokers = {.cluster = AclOperation::kClusterAction};
  const ApiNeeds& needs = said == nullptr                       ? kUnsaid
                          : slot->version >= said->brokers_since ? kOfBrokers
                                                                 : *said;
  if (authorizer == nullptr || needs.open || needs.by_handler) {
    return row.handle(call, body, slot->flexible, slot);
  }
  Judge judge(*authorizer, call, needs);
  std::optional<std::vector<RequestPart>> parts =
      row.sift(body, slot->version, slot->flexible, call.cluster.topics(), judge);
  if (!parts.has_value()) return false;
  if (parts->size() == 1) {
    const ErrorCode error = parts->front().error;
    if (error == ErrorCode::kNone) return row.handle(call, body, slot->flexible, slot);
    return row.refuse(call, body, slot->flexible, error, slot);
  }
  for (RequestPart& part : *parts) {
    if (needs.whole && part.error != ErrorCode::kNone) {
      return row.refuse(call, body, slot->flexible, part.error, slot);
    }
    if (needs.together && part.error == ErrorCode::kNone) {
      part.error = ErrorCode::kOperationNotAttempted;
    }
  }
  return std::make_shared<PartedRequest>(row, slot)->Handle(call, *parts);
}

bool May(const Call& call, AclOperation operation, AclResourceType type, std::string_view name) {
  const Authorizer* const authorizer = call.cluster.authorizer();
  return authorizer == nullptr || authorizer->Allows(RequesterOf(call), operation, type, name);
}

std::function<bool(std::string_view topic)> MayReadTopics(const Call& call) {
  const Authorizer* const authorizer = call.cluster.authorizer();
  if (authorizer == nullptr) return nullptr;
  return [authorizer, who = RequesterOf(call)](std::string_view topic) {
    return authorizer->Allows(who, AclOperation::kRead, AclResourceType::kTopic, topic);
  };
}

std::int32_t AllowedOperations(const Call& call, std::int32_t all, AclResourceType type,
                               std::string_view name) {
  const Authorizer* const authorizer = call.cluster.authorizer();
  if (authorizer == nullptr) return all;
  const Requester who = RequesterOf(call);
  std::int32_t allowed = 0;
  for (int bit = 0; bit < 31; ++bit) {
    if ((all >> bit & 1) == 0) continue;
    if (authorizer->Allows(who, static_cast<AclOperation>(bit), type, name)) allowed |= 1 << bit;
  }
  return allowed;
}

std::int32_t AllowedClusterOperations(const Call& call) {
  constexpr AclResourceType kCluster = AclResourceType::kCluster;
  if (!May(call, AclOperation::kDescribe, kCluster, kClusterName)) return 0;
  return AllowedOperations(call, kAllClusterOperations, kCluster, kClusterName);
}

}  // namespace wherry::kafka
